// SPDX-License-Identifier: MIT
// Connects the blind test with its part of the page.
import { BlindTest } from './abx.js'
import { renderBuffer } from './render.js'
import { parse } from './settings.js'
import { clip, decode } from './sources.js'
import TEACHER from './teacher.json'
import { setText, text } from './text.js'

const LONGEST_S = 10
const KEYS = { a: 'listen', b: 'listen', x: 'listen', 1: 'a', 2: 'b' }
const FACTORS = [1, 2, 4]

// Returns a part of a sound as a sound of its own.
function cut (buffer, start, length) {
  const { numberOfChannels, sampleRate } = buffer
  const part = new AudioBuffer({ numberOfChannels, length, sampleRate })
  for (let channel = 0; channel < numberOfChannels; ++channel) {
    part.copyToChannel(buffer.getChannelData(channel).subarray(start, start + length), channel)
  }
  return part
}

// Returns a loop as a sound of its own, at most LONGEST_S.
function cutLoop (buffer, { from, to }) {
  const start = Math.floor(from * buffer.length)
  const length = Math.min(Math.floor(to * buffer.length) - start, LONGEST_S * buffer.sampleRate)
  return cut(buffer, start, Math.max(1, length))
}

export class Blind {
  // `find` finds an element of the page by its id. `sound` resolves to { buffer, loop }, `settings` returns the knobs
  // as they are, and `assets` resolves to the binaries with the model that plays, `ownAssets` to those with the
  // pedal's own. `onStart` is called before the test
  // plays, and `onError` with what made it fail.
  constructor (find, presets, callbacks) {
    Object.assign(this, { find, presets, ...callbacks, test: null, starting: null })
    for (const [id, chosen] of [['blind-a', '1'], ['blind-b', '4']]) {
      this.fill(find(id))
      find(id).value = chosen
      find(id).addEventListener('change', () => this.stop())
    }
    find('blind-start').addEventListener('click', () => this.test || this.starting ? this.stop() : this.start())
    find('blind-is-a').addEventListener('click', () => this.answer('a'))
    find('blind-is-b').addEventListener('click', () => this.answer('b'))
    this.buttons = [...find('blind-listen').querySelectorAll('[data-listen]')]
    this.buttons.forEach((button) => button.addEventListener('click', () => this.listen(button.dataset.listen)))
    find('blind').addEventListener('toggle', () => find('blind').open || this.stop())
    addEventListener('keydown', (event) => this.press(event))
  }

  fill (select) {
    const add = (value, name) => {
      const option = new Option('', value)
      setText(option, name)
      select.append(option)
    }
    FACTORS.forEach((factor) => select.append(new Option(`${factor}x`, factor)))
    add('now', 'now')
    add('bypassed', 'bypassed')
    add('teacher', 'teacher')
    this.presets.forEach(({ id }) => add(id, id))
  }

  // Returns the settings that a choice stands for, where the knobs are as in `now`.
  settingsOf (choice, now) {
    const preset = this.presets.find(({ id }) => id === choice)
    return preset ? { ...now, on: true, ...preset.settings }
      : FACTORS.includes(Number(choice)) ? { ...now, on: true, oversampling: Number(choice) }
        : { ...now, on: choice !== 'bypassed' }
  }

  // Resolves to the two sounds that the visitor chose.
  async render () {
    const choices = ['blind-a', 'blind-b'].map((id) => this.find(id).value)
    const { part, now, assets } = await (choices.includes('teacher') ? this.teachersPart() : this.visitorsPart())
    const buffers = []
    for (const choice of choices) {
      buffers.push(choice === 'teacher' ? (await decode(await clip('teacher'))).buffer
        : await renderBuffer(part, this.settingsOf(choice, now), assets, {}))
    }
    return buffers
  }

  // Resolves to what a test plays: the sound, the knobs, and the binaries that render it.
  async visitorsPart () {
    const { buffer, loop } = await this.sound()
    return { part: cutLoop(buffer, loop), now: this.settings(), assets: await this.assets() }
  }

  // Resolves to the same for a test against the network that the pedal's own model learned from: teacher.py rendered
  // one part of a clip at one position of the knobs.
  async teachersPart () {
    const { buffer } = await decode(await clip(TEACHER.clip))
    return {
      part: cut(buffer, TEACHER.first_frame, TEACHER.n_frames),
      now: { ...parse('').settings, gain: TEACHER.gain, tone: TEACHER.tone },
      assets: await this.ownAssets()
    }
  }

  // Call it while the browser handles a click.
  async start () {
    const starting = this.starting = {} // stop() replaces it, which cancels this start
    this.onStart()
    this.show()
    setText(this.find('blind-score'), 'blindPreparing')
    try {
      const context = new AudioContext()
      starting.context = context
      context.resume().catch(() => {}) // the test is silent then, and says nothing wrong
      const buffers = await this.render()
      if (this.starting === starting) {
        this.starting = null
        this.test = new BlindTest(context)
        this.test.play(buffers)
        this.find('blind-score').textContent = ''
        this.show()
        this.listen('x')
      }
    } catch (error) {
      if (this.starting === starting) {
        this.stop()
        this.onError(error)
      }
    }
  }

  stop () {
    const context = (this.starting || this.test || {}).context
    if (context) {
      context.close().catch(() => {}) // it is closed already
    }
    if (this.starting) {
      this.find('blind-score').textContent = ''
    }
    this.starting = this.test = null
    this.show()
  }

  show () {
    setText(this.find('blind-start'), this.test || this.starting ? 'blindStop' : 'blindStart')
    this.find('blind-listen').hidden = !this.test
  }

  listen (name) {
    this.test.listen(name)
    this.buttons.forEach((button) => button.setAttribute('aria-pressed', button.dataset.listen === name))
  }

  answer (name) {
    const isRight = this.test.answer(name)
    const { right, trials, chance } = this.test
    delete this.find('blind-score').dataset.text
    this.find('blind-score').textContent = `${text(isRight ? 'rightAnswer' : 'wrongAnswer')} ` +
      text('blindScore', { right, trials, chance: (100 * chance).toFixed(chance < 0.01 ? 2 : 0) })
    this.listen('x')
  }

  press (event) {
    const kind = KEYS[event.key.toLowerCase()]
    if (!this.test || !kind || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === 'SELECT') {
      return
    }
    if (kind === 'listen') {
      this.listen(event.key.toLowerCase())
    } else {
      this.answer(kind)
    }
  }
}
