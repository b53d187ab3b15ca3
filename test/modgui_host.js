// SPDX-License-Identifier: MIT
// Stands in for mod-ui: renders a modgui's template, gives its roles their function, and keeps what
// they send in host.sent. The values are those of mod-ui's widgets; addressing and presets lack.
'use strict'

/* global $, Mustache */
/* exported host */
const host = {
  sent: [],
  started: null, // the event that the script was started with
  values: {},
  widgets: {},

  async load (effect) {
    const read = (name) => fetch(`/bundle/modgui/${name}`).then((answer) => answer.text())
    const names = { ns: '?uri=urn&v=1', cns: '_urn_3Aod3-lv2_3Aod31' }
    $('<style>').text(Mustache.render(await read('stylesheet.css'), names)).appendTo('head')
    this.script = (0, eval)('(' + (await read('script.js')).replace(/;?\s*$/, '') + ')')
    this.icon = $('<div class="mod-pedal" mod-instance="/graph/od3">')
      .html(Mustache.render(await read('icon.html'), { effect, ...names })).appendTo('#pedalboard')
    this.data = {}
    this.connect(effect)
    const { control } = effect.ports
    const ports = [...control.input, ...control.output]
      .map((port) => ({ symbol: port.symbol, value: port.ranges.default }))
      .concat({ symbol: ':bypass', value: 0 })
    this.started = { type: 'start', parameters: [], ports }
    this.tell(this.started)
  },

  tell (event) {
    Object.assign(event, { api_version: 3, data: this.data, icon: this.icon, settings: $('<div>') })
    this.script(event, { set_port_value: (symbol, value) => this.set(symbol, value, 'from-js') })
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

  connect (effect) {
    for (const port of effect.ports.control.input) {
      this.widgets[port.symbol] = []
      this.values[port.symbol] = port.ranges.default
    }
    this.icon.find('[mod-role=input-control-port]').each((_, element) => {
      const port = effect.ports.control.input.find((p) => p.symbol === $(element).attr('mod-port-symbol'))
      const widget = $(element).attr('mod-widget') === 'custom-select' ? this.select : this.film
      this.widgets[port.symbol].push(widget.call(this, $(element), port))
    })
    this.values[':bypass'] = 0
    this.widgets[':bypass'] = [this.bypass(this.icon.find('[mod-role=bypass]'))]
    Object.entries(this.widgets).forEach(([symbol, shows]) => shows.forEach((show) => show(this.values[symbol])))
  },

  // A turning knob: a step a degree, and a whole turn for a hundred pixels upwards.
  film (element, port) {
    const steps = Number(element.attr('mod-widget-rotation'))
    const { minimum, maximum } = port.ranges
    let position = 0
    let last = null
    element.mousedown((event) => {
      event.preventDefault()
      last = event.pageY
    })
    $(document).mousemove((event) => {
      if (last !== null) {
        position = Math.min(steps, Math.max(0, position + (last - event.pageY) / Math.ceil(100 / (steps / 2))))
        last = event.pageY
        this.set(port.symbol, minimum + position * (maximum - minimum) / steps, element)
      }
    }).mouseup(() => { last = null })
    return (value) => {
      if (last === null) {
        position = Math.round((value - minimum) * steps / (maximum - minimum))
      }
      element.css('transform', `rotate(${Math.round(position) - steps / 2}deg)`)
    }
  },

  select (element, port) {
    const options = element.find('[mod-role=enumeration-option]')
    options.click((event) => this.set(port.symbol, Number($(event.target).attr('mod-port-value')), element))
    return (value) => options.removeClass('selected').filter(`[mod-port-value="${value}"]`).addClass('selected')
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
