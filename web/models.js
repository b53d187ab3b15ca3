// SPDX-License-Identifier: MIT
// The models that the visitor added, and a panel with the knobs of the chosen one in place of the pedal's face.
import { describeModel } from './core.js'
import { Refusal } from './errors.js'

const LARGEST_BYTES = 4 << 20 // that the core reads
const STEPS = 100 // of a knob's slider

// Returns whether a file is meant to be a model. Its content decides whether it is one.
export function isModel (file) {
  return /\.(gru|json|aidax|nam)$/i.test(file.name)
}

// Resolves to { name, bytes, ...its description }. Rejects with a Refusal.
export async function openModel (file, wasm) {
  try {
    if (file.size > LARGEST_BYTES) {
      throw new Error(`${file.name}: ${file.size} bytes; the limit is ${LARGEST_BYTES}`)
    }
    const model = { name: file.name, bytes: await file.arrayBuffer() }
    const description = describeModel(wasm, model)
    return { ...model, ...description, title: description.title || file.name.replace(/\.[^.]*$/, '') }
  } catch (error) {
    throw new Refusal('isNoModel', { cause: error })
  }
}

// Returns a value with as many digits as its knob's range needs.
function digits (value, { min, max }) {
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(max - min))))
}

export class ModelPanel {
  // `rows` is the element that gets the knobs; `onChange` is called when the visitor turns one.
  constructor (rows, onChange) {
    Object.assign(this, { rows, onChange, model: null, values: [] })
  }

  // Shows a model's knobs, all in the middle; null stands for the pedal's own model, which has a face.
  show (model) {
    this.model = model
    this.values = model ? model.knobs.map(({ min, max }) => (min + max) / 2) : []
    this.rows.replaceChildren(...this.values.flatMap((_, knob) => this.row(knob)))
  }

  row (knob) {
    const { name, min, max } = this.model.knobs[knob]
    const label = document.createElement('label')
    const slider = document.createElement('input')
    const output = document.createElement('span')
    slider.id = label.htmlFor = `model-knob${knob}`
    label.textContent = name
    Object.assign(slider, { type: 'range', min, max, step: (max - min) / STEPS })
    const turn = (value) => {
      this.values[knob] = value
      slider.value = value
      output.textContent = digits(value, { min, max })
    }
    turn(this.values[knob])
    slider.addEventListener('input', () => {
      turn(Number(slider.value))
      this.onChange()
    })
    slider.addEventListener('dblclick', () => {
      turn((min + max) / 2)
      this.onChange()
    })
    return [label, slider, output]
  }

  // Returns the settings of the pedal with the model's own knobs.
  settings (others) {
    if (!this.model) {
      return { ...others }
    }
    const knobs = this.model.knobs.map(({ min, max }, knob) => 2 * (this.values[knob] - min) / (max - min) - 1)
    return { ...others, knobs }
  }

  // Returns the knobs' names and values for a file's name.
  get text () {
    return this.model.knobs.map((knob, i) => `-${knob.name}${digits(this.values[i], knob)}`).join('')
  }
}
