// SPDX-License-Identifier: MIT
// Hosts the pedal's face from modgui/ in the page, as a MOD device does: it makes the elements with
// mod-role attributes work and tells the face's script about changes.
import { CONTROLS } from './controls.js'

const TURN_PIXELS = 200 // of pointer travel for a knob's whole range

export class Host {
  // `onChange` is called with the settings when the visitor or the page changes them.
  constructor (root, script, settings, onChange) {
    Object.assign(this, { root, script, settings: { ...settings }, onChange, data: {} })
    root.querySelector('.od3-match').remove() // the page has its own, by the loudness that it measures
    root.querySelectorAll('[mod-widget-rotation]').forEach((knob) => this.listenToKnob(knob))
    root.querySelectorAll('[mod-role=enumeration-option]').forEach((option) => option.addEventListener('click', () =>
      this.change('oversampling', Number(option.getAttribute('mod-port-value')))))
    this.switch = root.querySelector('[mod-role=bypass]')
    this.switch.addEventListener('click', () => this.change('on', !this.settings.on))
    this.showAll()
    this.notifyScript('start', { ports: Object.keys(this.settings).map((name) => this.port(name)) })
  }

  // Returns a setting as the face's script knows it: `:bypass` instead of `on`.
  port (name) {
    const value = this.settings[name]
    return name === 'on' ? { symbol: ':bypass', value: value ? 0 : 1 } : { symbol: name, value }
  }

  notifyScript (type, event) {
    this.script({ type, api_version: 3, data: this.data, icon: [this.root], ...event },
      { set_port_value: (symbol, value) => this.set(symbol, value) })
  }

  set (name, value) {
    this.settings[name] = value
    this.showAll()
    this.onChange(this.settings)
  }

  change (name, value) {
    if (this.settings[name] !== value) {
      this.set(name, value)
      this.notifyScript('change', this.port(name))
    }
  }

  // Takes over settings from a preset or an address.
  apply (settings) {
    Object.entries(settings).forEach(([name, value]) => this.change(name, value))
  }

  showAll () {
    for (const knob of this.root.querySelectorAll('[mod-widget-rotation]')) {
      const { min, max } = CONTROLS[knob.getAttribute('mod-port-symbol')]
      const turned = (this.settings[knob.getAttribute('mod-port-symbol')] - min) / (max - min) - 0.5
      knob.style.transform = `rotate(${turned * Number(knob.getAttribute('mod-widget-rotation'))}deg)`
    }
    for (const option of this.root.querySelectorAll('[mod-role=enumeration-option]')) {
      option.classList.toggle('selected', Number(option.getAttribute('mod-port-value')) === this.settings.oversampling)
    }
    this.switch.classList.toggle('on', !this.settings.on)
    this.root.querySelector('[mod-role=bypass-light]').classList.toggle('on', this.settings.on)
  }

  turn (symbol, value) {
    const { min, max } = CONTROLS[symbol]
    this.change(symbol, Math.min(max, Math.max(min, value)))
  }

  listenToKnob (knob) {
    const symbol = knob.getAttribute('mod-port-symbol')
    const { min, max, initial } = CONTROLS[symbol]
    let last = null
    knob.addEventListener('pointerdown', (event) => {
      knob.setPointerCapture(event.pointerId)
      last = event
    })
    knob.addEventListener('pointermove', (event) => {
      if (last && knob.hasPointerCapture(event.pointerId)) {
        const pixels = (event.pageX - last.pageX - event.pageY + last.pageY) / (event.shiftKey ? 10 : 1)
        this.turn(symbol, this.settings[symbol] + pixels * (max - min) / TURN_PIXELS)
        last = event
      }
    })
    knob.addEventListener('dblclick', () => this.change(symbol, initial))
    knob.addEventListener('wheel', (event) => {
      event.preventDefault()
      this.turn(symbol, this.settings[symbol] - Math.sign(event.deltaY) * (max - min) / 40)
    }, { passive: false })
  }
}
