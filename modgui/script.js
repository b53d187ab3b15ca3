// SPDX-License-Identifier: MIT
// Adds to the host's widgets: it shows a knob's value while the knob turns, makes the keyboard work, and shows what
// Neural Pedal tells of its model. Both pedals use it; what a knob needs is in its element's attributes.
// The host calls it with the events of version 3 of mod-ui's API. The web page is such a host, too.
(function (event, funcs) {
  'use strict'

  const SHOWN_MS = 1500
  const METER_MIN_DB = -60
  const METER_MAX_DB = 12
  const PARAMETER = 'urn:od3-lv2:player#'
  const TOLD = ['modelName', 'modelKnobs', 'modelKind', 'modelRate', 'modelCost', 'modelLevel', 'modelError',
    'modelWarning']
  const icon = event.icon[0]

  function find(symbol) {
    return icon.querySelector(`[mod-port-symbol="${symbol}"]`)
  }

  const isPortuguese = () => document.documentElement.lang.startsWith('pt')

  // Returns the direction of a knob of 0 to 10 as on a clock's face: from 7 o'clock to 5 o'clock.
  function clock(value) {
    const quarters = Math.round(4 * (value + 7))
    const hour = (Math.floor(quarters / 4) + 11) % 12 + 1
    const minutes = 15 * (quarters % 4)
    return minutes ? `${hour}:${minutes}` : isPortuguese() ? `${hour} h` : `${hour} o'clock`
  }

  function decibels(value) {
    const rounded = Math.round(10 * value) / 10
    const sign = rounded > 0 ? '+' : rounded < 0 ? '−' : ''
    const digits = Math.abs(rounded).toFixed(1)
    return `${sign}${isPortuguese() ? digits.replace('.', ',') : digits} dB`
  }

  const WORDS = { hours: clock, decibels, percent: (value) => `${Math.round(value)} %` }

  function showKnob(knob, value) {
    const text = WORDS[knob.dataset.unit](value)
    knob.setAttribute('aria-valuenow', value)
    knob.setAttribute('aria-valuetext', text)
    knob.parentElement.querySelector('.od3-value').textContent = text
  }

  function showSelector(selector, value) {
    for (const option of selector.querySelectorAll('.od3-option')) {
      const isChosen = Number(option.getAttribute('mod-port-value')) === value
      option.setAttribute('aria-checked', isChosen)
      option.tabIndex = isChosen ? 0 : -1
    }
  }

  function showMeter(bar, value) {
    const part = (value - METER_MIN_DB) / (METER_MAX_DB - METER_MIN_DB)
    bar.style.width = `${100 * Math.min(1, Math.max(0, part))}%`
  }

  // Unknown, too quiet, good, too hot, in the order of the port's values.
  function showInputLevel(light, value) {
    const words = isPortuguese()
      ? ['desconhecido', 'baixo demais', 'bom', 'alto demais']
      : ['unknown', 'too quiet', 'good', 'too hot']
    light.title = `${isPortuguese() ? 'Nível de entrada' : 'Input level'}: ${words[value]}`
    light.setAttribute('aria-label', light.title)
    light.toggleAttribute('data-level', value > 0)
    if (value > 0) {
      light.dataset.level = value
    }
  }

  function show(symbol, value) {
    event.data[symbol] = value
    const widget = find(symbol)
    const bar = icon.querySelector(`.od3-bar[data-symbol="${symbol}"]`)
    if (widget?.classList.contains('od3-knob')) {
      showKnob(widget, value)
    } else if (widget?.classList.contains('od3-selector')) {
      showSelector(widget, value)
    } else if (bar) {
      showMeter(bar, value)
    } else if (symbol === 'input_level') {
      showInputLevel(icon.querySelector('.od3-input-level'), value)
    } else if (symbol === ':bypass') {
      icon.querySelector('.od3-switch').setAttribute('aria-checked', value === 0)
    }
  }

  // Shows a knob's value until SHOWN_MS after the last turn.
  function showWhileTurning(symbol) {
    const group = find(symbol).parentElement
    group.classList.add('od3-turning')
    clearTimeout(event.data[`${symbol} timer`])
    event.data[`${symbol} timer`] = setTimeout(() => group.classList.remove('od3-turning'), SHOWN_MS)
  }

  function set(symbol, value) {
    funcs.set_port_value(symbol, value)
    show(symbol, value) // hosts do not report the script's own changes back
    showWhileTurning(symbol)
  }

  // Returns the value that a key moves a knob to, or null.
  function keyTarget(key, value, step, min, max) {
    switch (key) {
      case 'ArrowUp': case 'ArrowRight': return value + step
      case 'ArrowDown': case 'ArrowLeft': return value - step
      case 'PageUp': return value + 4 * step
      case 'PageDown': return value - 4 * step
      case 'Home': return min
      case 'End': return max
      default: return null
    }
  }

  function listenToKnob(knob) {
    const symbol = knob.getAttribute('mod-port-symbol')
    const min = Number(knob.getAttribute('aria-valuemin'))
    const max = Number(knob.getAttribute('aria-valuemax'))
    let isFocusing = false // while a press gives the knob the focus
    const press = () => {
      isFocusing = document.activeElement !== knob
      knob.focus({ preventScroll: true })
    }
    const hideFromHost = (pointer) => {
      if (isFocusing) {
        pointer.stopImmediatePropagation()
      }
    }
    // mod-ui steps a knob by a click, and by a finger that leaves it without a move. Those that give the focus must not
    // reach it.
    const listen = (type, listener) => knob.addEventListener(type, listener, { capture: true, passive: true })
    listen('mousedown', press)
    listen('touchstart', press)
    listen('touchmove', () => { isFocusing = false })
    listen('click', hideFromHost)
    listen('touchend', hideFromHost)
    knob.addEventListener('keydown', (key) => {
      const target = keyTarget(key.key, event.data[symbol], Number(knob.dataset.step), min, max)
      if (target !== null) {
        key.preventDefault()
        key.stopPropagation()
        set(symbol, Math.min(max, Math.max(min, target)))
      }
    })
  }

  // Has the keys that press a button do so. Those of its children are theirs.
  function listenToKeys(button, press) {
    button.addEventListener('keydown', (key) => {
      if (key.target === button && (key.key === ' ' || key.key === 'Enter')) {
        key.preventDefault()
        key.stopPropagation()
        press()
      }
    })
  }

  // Has the arrow keys choose the next or previous option, as radio buttons do.
  function listenToArrows(selector) {
    const options = [...selector.querySelectorAll('.od3-option')]
    selector.addEventListener('keydown', (key) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key.key]
      if (step) {
        key.preventDefault()
        key.stopPropagation()
        const next = options[(options.indexOf(key.target) + step + options.length) % options.length]
        next.click()
        next.focus()
      }
    })
  }

  // The host opens and closes the list of models by a click.
  function listenToList(model) {
    const list = model.querySelector('.od3-list')
    const close = () => { list.style.display = 'none' }
    model.addEventListener('keydown', (key) => {
      if (key.key === 'Escape') {
        key.stopPropagation()
        close()
        model.focus()
      }
    })
    model.addEventListener('focusout', (change) => {
      if (!model.contains(change.relatedTarget)) {
        close()
      }
    })
    for (const type of ['wheel', 'mousewheel']) { // by which mod-ui's pedalboard zooms
      list.addEventListener(type, (wheel) => wheel.stopPropagation(), { passive: true })
    }
  }

  // Names the knobs by the lines of modelKnobs, "Gain: 0 to 10", and hides those that the model lacks.
  function showKnobNames(lines) {
    const names = lines.split('\n').filter((line) => line).map((line) => line.replace(/: \S+ to \S+$/, ''))
    icon.querySelectorAll('.od3-knobs .od3-control').forEach((control, i) => {
      control.classList.toggle('od3-unused', i >= names.length)
      if (i < names.length) {
        control.querySelector('.od3-name').textContent = names[i]
        control.querySelector('.od3-name').title = names[i]
        control.querySelector('.od3-knob').setAttribute('aria-label', names[i])
      }
    })
  }

  function showFacts({ modelKind: kind, modelRate: rate, modelCost: cost, modelLevel: level }) {
    const join = (facts, between) => facts.filter((fact) => fact).join(between)
    const first = join([kind, rate && `${rate / 1000} kHz`], ', ')
    icon.querySelector('.od3-facts').textContent = join([first, cost && `CPU: ${cost}`, level], '\n')
  }

  function showParameter(uri, value) {
    const name = uri.replace(PARAMETER, '')
    event.data[name] = value
    if (name === 'modelName' && value) {
      const label = icon.querySelector('.od3-model-name')
      label.textContent = label.title = value
    } else if (name === 'modelKnobs') {
      showKnobNames(value)
    } else if (name === 'modelError' || name === 'modelWarning') {
      const error = icon.querySelector('.od3-error')
      error.textContent = error.title = event.data.modelError || event.data.modelWarning || ''
    } else if (TOLD.includes(name)) {
      showFacts(event.data)
    }
  }

  // The host reports only what changes after the pedal is on the pedalboard, so it is asked for the rest.
  function listenToModel(model) {
    listenToList(model)
    listenToKeys(model, () => model.click())
    icon.querySelectorAll('.od3-file').forEach((file) => listenToKeys(file, () => file.click()))
    icon.querySelectorAll('.od3-arrow').forEach((arrow) =>
      listenToKeys(arrow, () => funcs.set_port_value(arrow.getAttribute('mod-port-symbol'), 1)))
    TOLD.forEach((name) => funcs.patch_get(PARAMETER + name))
  }

  if (event.type === 'start') {
    icon.querySelectorAll('.od3-knob').forEach(listenToKnob)
    icon.querySelectorAll('.od3-option, .od3-switch').forEach((button) => listenToKeys(button, () => button.click()))
    icon.querySelectorAll('.od3-selector').forEach(listenToArrows)
    icon.querySelectorAll('.od3-model').forEach(listenToModel)
    event.ports.forEach((port) => show(port.symbol, port.value))
  } else if (event.type === 'change' && event.symbol) {
    show(event.symbol, event.value)
    if (find(event.symbol)?.classList.contains('od3-knob')) {
      showWhileTurning(event.symbol)
    }
  } else if (event.type === 'change' && event.uri) {
    showParameter(event.uri, event.value)
  }
})
