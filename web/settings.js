// SPDX-License-Identifier: MIT
// The knobs' values, in the address bar and in file names.

export const CONTROLS = {
  gain: { min: 0, max: 10, initial: 5 },
  tone: { min: 0, max: 10, initial: 5 },
  level: { min: -30, max: 12, initial: 0 },
  oversampling: { min: 1, max: 4, initial: 2 }
}

function number (text, { min, max, initial }) {
  const value = text === null || text.trim() === '' ? NaN : Number(text)
  return Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : initial
}

// From an address's part after '#'; what is missing or no number is at its default.
export function parse (hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const settings = { on: given.get('on') !== '0' }
  for (const [name, range] of Object.entries(CONTROLS)) {
    settings[name] = number(given.get(name), range)
  }
  settings.oversampling = [1, 2, 4].includes(settings.oversampling) ? settings.oversampling : 2
  return settings
}

function digits (value) {
  return String(Math.round(100 * value) / 100)
}

export function format ({ gain, tone, level, oversampling, on }) {
  return `#gain=${digits(gain)}&tone=${digits(tone)}&level=${digits(level)}&oversampling=${oversampling}&on=${on ? 1 : 0}`
}

// What a rendered file is called.
export function fileName (name, { gain, tone, level, oversampling, on }) {
  const stem = name.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N}._-]+/gu, '_') || 'sound'
  const sound = on ? `gain${gain.toFixed(1)}-tone${tone.toFixed(1)}-level${level.toFixed(1)}dB-${oversampling}x` : 'bypassed'
  return `${stem}-od3-${sound}.wav`
}
