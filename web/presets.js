// SPDX-License-Identifier: MIT
// The bundle's presets, to choose from.
import { learn, write } from './text.js'

const CLOSE = 0.005 // the address has two digits after the point

export class Presets {
  // `presets` are as in the page's data; `chosen` is called with the settings of one.
  constructor (select, purpose, presets, chosen) {
    Object.assign(this, { select, purpose, presets })
    for (const { id, label, comment } of presets) {
      Object.keys(label).forEach((code) => learn(code, { [id]: label[code], [`${id} purpose`]: comment[code] }))
      const option = new Option('', id)
      write(option, id)
      select.append(option)
    }
    select.addEventListener('change', () => chosen(presets.find(({ id }) => id === select.value).settings))
  }

  // Which preset these settings are, if any.
  show (settings) {
    const preset = this.presets.find((other) => Object.entries(other.settings).every(([name, value]) =>
      Math.abs(settings[name] - value) < CLOSE))
    this.select.value = preset ? preset.id : ''
    write(this.purpose, preset ? `${preset.id} purpose` : 'nonePurpose')
  }
}
