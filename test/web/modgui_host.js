// SPDX-License-Identifier: MIT
// A model of mod-ui: it renders a modgui's template, makes the elements with mod-role attributes work as
// mod-ui's widgets do, and records in host.sent what they send. It has no addressing and no presets. The parameters
// that a script asks for are in host.asked.
'use strict'

/* global $, Mustache */
/* exported host */
const host = {
  asked: [],
  sent: [],
  started: null, // the event that the script was started with
  values: {},
  widgets: {},

  async load (effect) {
    const read = (kind) => fetch(`/bundle/modgui/${effect.files[kind]}`).then((answer) => answer.text())
    const names = { ns: '?uri=urn&v=1', cns: '_urn_3Aod3-lv2_3Aod31' }
    $('<style>').text(Mustache.render(await read('stylesheet'), names)).appendTo('head')
    this.script = (0, eval)('(' + (await read('javascript')).replace(/;?\s*$/, '') + ')')
    this.icon = $('<div class="mod-pedal" mod-instance="/graph/od3">')
      .html(Mustache.render(await read('iconTemplate'), { effect, ...names })).appendTo('#pedalboard')
    this.data = {}
    this.effect = effect
    this.connect(effect)
    const { control } = effect.ports
    const ports = [...control.input, ...control.output]
      .map((port) => ({ symbol: port.symbol, value: port.ranges.default }))
      .concat({ symbol: ':bypass', value: 0 })
    this.started = { type: 'start', parameters: effect.parameters.map(({ uri }) => ({ uri })), ports }
    this.tell(this.started)
  },

  tell (event) {
    Object.assign(event, { api_version: 3, data: this.data, icon: this.icon, settings: $('<div>') })
    this.script(event, {
      set_port_value: (symbol, value) => this.set(symbol, value, 'from-js'),
      patch_get: (uri) => this.asked.push(uri)
    })
  },

  // A change by a widget, by the script ('from-js') or by the host (null).
  set (symbol, value, source) {
    if (this.values[symbol] === value) {
      return
    }
    this.values[symbol] = value
    if (source !== null) {
      this.sent.push([symbol, value])
    }
    this.widgets[symbol].forEach((show) => show(value))
    if (source !== 'from-js') {
      this.tell({ type: 'change', symbol, value })
    }
  },

  // A value of a monitored output port or a parameter, by the plugin. Only a writable one has a widget.
  notify (name, value) {
    const parameter = this.effect.parameters.find(({ uri }) => uri === name)
    if (parameter?.writable) {
      this.setPath(value, null)
    } else if (parameter) {
      this.tell({ type: 'change', uri: name, value })
    } else if (this.effect.monitored.includes(name)) {
      this.tell({ type: 'change', symbol: name, value })
    }
  },

  connect (effect) {
    for (const port of effect.ports.control.input) {
      this.widgets[port.symbol] = []
      this.values[port.symbol] = port.ranges.default
    }
    this.icon.find('[mod-role=input-control-port]').each((_, element) => {
      const port = effect.ports.control.input.find((p) => p.symbol === $(element).attr('mod-port-symbol'))
      const kinds = { 'custom-select': this.select, switch: this.trigger }
      const widget = kinds[$(element).attr('mod-widget')] ?? this.film
      this.widgets[port.symbol].push(widget.call(this, $(element), port))
    })
    this.values[':bypass'] = 0
    this.widgets[':bypass'] = [this.bypass(this.icon.find('[mod-role=bypass]'))]
    Object.entries(this.widgets).forEach(([symbol, shows]) => shows.forEach((show) => show(this.values[symbol])))
    this.icon.find('[mod-role=input-parameter][mod-widget=custom-select-path]').each((_, element) =>
      this.selectPath($(element)))
  },

  // A knob has a step a degree. A step is a pixel upwards or two pixels to the right. A click without a drag makes four
  // steps up, or with Shift down; a wheel's notch of 120 makes sixteen. A finger does what the mouse does, and a tap is
  // a click.
  film (element, port) {
    const knob = {
      steps: Number(element.attr('mod-widget-rotation')), position: 0, last: null, isDragged: false, wheelRest: 0
    }
    const { minimum, maximum } = port.ranges
    knob.show = (value) => {
      knob.position = Math.round((value - minimum) * knob.steps / (maximum - minimum))
      element.css('transform', `rotate(${Math.round(knob.position) - knob.steps / 2}deg)`)
    }
    knob.move = (steps) => {
      const position = Math.min(knob.steps, Math.max(0, knob.position + steps))
      this.set(port.symbol, minimum + position * (maximum - minimum) / knob.steps, element)
      knob.position = position // without the rounding that showing a value has
    }
    this.filmMouse(element, knob)
    this.filmTouch(element, knob)
    this.filmWheel(element, knob)
    return knob.show
  },

  filmPress (knob, point) {
    Object.assign(knob, { last: point, isDragged: false })
  },

  filmDrag (knob, point) {
    knob.isDragged = true
    const right = Math.ceil(200 / (knob.steps / 2))
    const up = Math.ceil(100 / (knob.steps / 2))
    const steps = (point.pageX - knob.last.pageX) / right + (knob.last.pageY - point.pageY) / up
    knob.last = point
    knob.move(steps)
  },

  filmMouse (element, knob) {
    const drag = (event) => this.filmDrag(knob, event)
    const release = () => $(document).off({ mousemove: drag, mouseup: release })
    element.mousedown((event) => {
      event.preventDefault()
      if (event.which === 1) {
        this.filmPress(knob, event)
        $(document).on({ mousemove: drag, mouseup: release })
      }
    }).click((event) => {
      if (!knob.isDragged) {
        knob.move(event.shiftKey ? -4 : 4)
      }
    })
  },

  filmTouch (element, knob) {
    const finger = (event) => event.originalEvent.changedTouches[0]
    element.on('touchstart', (event) => {
      event.preventDefault()
      this.filmPress(knob, finger(event))
    }).on('touchmove', (event) => this.filmDrag(knob, finger(event))).on('touchend', () => element.click())
  },

  filmWheel (element, knob) {
    element.on('mousewheel', ({ originalEvent: { wheelDelta } }) => {
      const delta = wheelDelta + knob.wheelRest
      knob.wheelRest = delta % 30
      const steps = 4 * delta / 30
      if (steps !== 0) {
        knob.move(Math.abs(steps) <= 1 ? Math.sign(steps) : Math.round(steps))
      }
    })
  },

  select (element, port) {
    const options = element.find('[mod-role=enumeration-option]')
    options.click((event) => this.set(port.symbol, Number($(event.target).attr('mod-port-value')), element))
    return (value) => options.removeClass('selected').filter(`[mod-port-value="${value}"]`).addClass('selected')
  },

  // A switch of a trigger sends the maximum as soon as it is pressed, ignores clicks, and returns by itself: the plugin
  // is not told of it.
  trigger (element, port) {
    const show = (value) => element.toggleClass('on', value !== 0).toggleClass('off', value === 0)
    element.mousedown((event) => {
      event.preventDefault()
      this.set(port.symbol, port.ranges.maximum, element)
    })
    return (value) => {
      show(value)
      if (value !== port.ranges.default) {
        setTimeout(() => {
          this.values[port.symbol] = port.ranges.default
          show(port.ranges.default)
          this.tell({ type: 'change', symbol: port.symbol, value: port.ranges.default })
        }, 100)
      }
    }
  },

  // A click anywhere on the widget opens or closes its list, one on an option chooses that file. A path that no option
  // has changes nothing. As in mod-ui, a double quote in it is an error, and a backslash finds no option.
  selectPath (element) {
    const uri = element.attr('mod-parameter-uri')
    const options = element.find('[mod-role=enumeration-option]')
    let path = null
    this.setPath = (value, source) => {
      const chosen = options.removeClass('selected').filter(`[mod-parameter-value="${value}"]`).addClass('selected')
      if (chosen.length) {
        element.find('[mod-role=input-parameter-value]').text(chosen.text())
        if (source !== null && value !== path) {
          this.sent.push([uri, value])
        }
      }
      path = value
      this.tell({ type: 'change', uri, value })
    }
    options.click((event) => this.setPath($(event.currentTarget).attr('mod-parameter-value'), element))
    element.click(() => element.find('.mod-enumerated-list').toggle())
  },

  // The switch has the class `on` while the pedal is bypassed, and the light while it is not.
  bypass (element) {
    element.click(() => this.set(':bypass', 1 - this.values[':bypass'], element))
    return (value) => {
      element.toggleClass('on', value === 1).toggleClass('off', value === 0)
      this.icon.find('[mod-role=bypass-light]').toggleClass('on', value === 0).toggleClass('off', value === 1)
    }
  }
}
