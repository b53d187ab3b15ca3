// SPDX-License-Identifier: MIT
// Writes the controls' values into addresses and file names, and reads addresses.
import { CONTROLS } from './controls.js'

const NAMES = ['gain', 'tone', 'level', 'oversampling', 'input', 'blend'] // of the settings that are numbers

// Programs that pass links on may have encoded them, even several times.
function decodeLink (text) {
  try {
    const decoded = decodeURIComponent(text)
    return decoded === text ? text.replace(/&amp;/g, '&') : decodeLink(decoded)
  } catch {
    return text // a % that starts no code
  }
}

// Returns the value of a setting that a text holds, or null.
function parseValue (name, text) {
  if (name === 'on') {
    return { 0: false, 1: true }[text] ?? null
  }
  const value = text.trim() === '' ? NaN : Number(text)
  const { choices } = CONTROLS[name]
  return (choices ? choices.includes(value) : Number.isFinite(value)) ? value : null
}

function limit (name, value) {
  const { min, max } = CONTROLS[name] || { min: false, max: true }
  return value < min ? min : value > max ? max : value
}

// Reads an address's part after '#'. Returns { settings, problems }. A setting that is missing has its default.
// `problems` lists the parts of the address with an unknown name, with a value that cannot be read, which has its
// default, or with a value beyond the control's range, which is limited.
export function parse (hash) {
  const settings = { on: true }
  for (const name of NAMES) {
    settings[name] = CONTROLS[name].initial
  }
  const problems = []
  for (const part of decodeLink(hash.replace(/^#/, '')).split('&').filter(Boolean)) {
    const [name, ...rest] = part.split('=')
    const value = name in settings ? parseValue(name, rest.join('=')) : null
    if (value !== null) {
      settings[name] = limit(name, value)
    }
    if (value === null || settings[name] !== value) {
      problems.push(part)
    }
  }
  return { settings, problems }
}

function digits (value) {
  return String(Math.round(100 * value) / 100)
}

// Returns an address's part from '#' on that holds settings.
export function format (settings) {
  return `#${NAMES.map((name) => `${name}=${digits(settings[name])}`).join('&')}&on=${settings.on ? 1 : 0}`
}

// Returns the name of the file that is rendered from the sound `name`. `model` is null, or the name and the knobs of a
// model that takes the place of the pedal's.
export function fileName (name, { gain, tone, level, oversampling, input, blend, on }, model) {
  const stem = plain(name.replace(/\.[^.]*$/, '')) || 'sound'
  const others = (input === CONTROLS.input.initial ? '' : `-input${input.toFixed(1)}dB`) +
    (blend === CONTROLS.blend.initial ? '' : `-blend${blend.toFixed(0)}`)
  const pedal = model ? plain(model) : `od3-gain${gain.toFixed(1)}-tone${tone.toFixed(1)}`
  const sound = on ? `${pedal}-level${level.toFixed(1)}dB-${oversampling}x${others}` : 'od3-bypassed'
  return `${stem}-${sound}.wav`
}

function plain (name) {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '_')
}
