// SPDX-License-Identifier: MIT
// What the host's widgets lack: values in a player's words while a knob turns, and the keyboard.
// A host calls it with api 3's events; the web page is such a host, too.
(function (event, funcs) {
  'use strict'

  const STEP = { gain: 0.25, tone: 0.25, level: 0.5 }
  const SHOWN_MS = 1500
  const icon = event.icon[0]

  function find(symbol) {
    return icon.querySelector(`[mod-port-symbol="${symbol}"]`)
  }

  const isPortuguese = () => document.documentElement.lang.startsWith('pt')

  // Where a knob of 0 to 10 points, as on a clock's face: from 7 o'clock to 5 o'clock.
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

  function showKnob(symbol, value) {
    const knob = find(symbol)
    const text = symbol === 'level' ? decibels(value) : clock(value)
    knob.setAttribute('aria-valuenow', value)
    knob.setAttribute('aria-valuetext', text)
    knob.parentElement.querySelector('.od3-value').textContent = text
  }

  function showOversampling(value) {
    for (const option of icon.querySelectorAll('.od3-option')) {
      option.setAttribute('aria-checked', Number(option.getAttribute('mod-port-value')) === value)
    }
  }

  function show(symbol, value) {
    event.data[symbol] = value
    if (symbol in STEP) {
      showKnob(symbol, value)
    } else if (symbol === 'oversampling') {
      showOversampling(value)
    } else if (symbol === ':bypass') {
      icon.querySelector('.od3-switch').setAttribute('aria-checked', value === 0)
    }
  }

  // The value stays to be read for a moment after the last turn.
  function turn(symbol) {
    const group = find(symbol).parentElement
    group.classList.add('od3-turning')
    clearTimeout(event.data[`${symbol} timer`])
    event.data[`${symbol} timer`] = setTimeout(() => group.classList.remove('od3-turning'), SHOWN_MS)
  }

  function set(symbol, value) {
    funcs.set_port_value(symbol, value)
    show(symbol, value) // hosts do not tell the script of its own changes
    turn(symbol)
  }

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

  function listenToKnob(symbol) {
    const knob = find(symbol)
    const min = Number(knob.getAttribute('aria-valuemin'))
    const max = Number(knob.getAttribute('aria-valuemax'))
    knob.addEventListener('mousedown', () => knob.focus({ preventScroll: true }))
    knob.addEventListener('keydown', (key) => {
      const target = keyTarget(key.key, event.data[symbol], STEP[symbol], min, max)
      if (target !== null) {
        key.preventDefault()
        key.stopPropagation()
        set(symbol, Math.min(max, Math.max(min, target)))
      }
    })
  }

  function listenToButton(button) {
    button.addEventListener('keydown', (key) => {
      if (key.key === ' ' || key.key === 'Enter') {
        key.preventDefault()
        key.stopPropagation()
        button.click()
      }
    })
  }

  if (event.type === 'start') {
    Object.keys(STEP).forEach(listenToKnob)
    icon.querySelectorAll('.od3-option, .od3-switch').forEach(listenToButton)
    event.ports.forEach((port) => show(port.symbol, port.value))
  } else if (event.type === 'change' && event.symbol) {
    show(event.symbol, event.value)
    if (event.symbol in STEP) {
      turn(event.symbol)
    }
  }
})
