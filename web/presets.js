// SPDX-License-Identifier: MIT
// The list of the bundle's presets.
import { addTexts, setText } from './text.js'

const TOLERANCE = 0.005 // an address has two digits after the point

export class Presets {
  // `presets` is the page's data; `onChoose` is called with the settings of the preset that the visitor chooses.
  constructor (select, purpose, presets, onChoose) {
    Object.assign(this, { select, purpose, presets })
    for (const { id, label, comment } of presets) {
      Object.keys(label).forEach((code) => addTexts(code, { [id]: label[code], [`${id} purpose`]: comment[code] }))
      const option = new Option('', id)
      setText(option, id)
      select.append(option)
    }
    select.addEventListener('change', () => onChoose(presets.find(({ id }) => id === select.value).settings))
  }

  // Shows which preset has these settings, if any. The plugin's Match is in presets, but not in the page.
  show (settings) {
    const preset = this.presets.find((other) => Object.entries(other.settings).every(([name, value]) =>
      !(name in settings) || Math.abs(settings[name] - value) < TOLERANCE))
    this.select.value = preset ? preset.id : ''
    setText(this.purpose, preset ? `${preset.id} purpose` : 'nonePurpose')
  }
}
