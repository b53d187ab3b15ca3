// SPDX-License-Identifier: MIT
// A blind test: two sounds, equally loud, and one of them as X. The listener says which one X is.
import { powerOf } from './loudness.js'

const FADE_S = 0.005

// Returns the chance to be right `right` times or more in `trials` by guessing.
export function chanceOf (right, trials) {
  let sum = 0
  let ways = 1
  for (let k = 0; k <= trials; ++k) {
    sum += k >= right ? ways : 0
    ways = ways * (trials - k) / (k + 1)
  }
  return sum / 2 ** trials
}

// Returns the gains that make two sounds equally loud without making one louder.
export function matchingGains (buffers) {
  const powers = buffers.map((buffer) => powerOf(buffer))
  const least = Math.min(...powers)
  return powers.map((power) => power > 0 ? Math.sqrt(least / power) : 1)
}

export class BlindTest {
  // `context` is an AudioContext that makes sound.
  constructor (context) {
    Object.assign(this, { context, right: 0, trials: 0, sources: [], gains: [] })
    this.draw()
  }

  // Plays two AudioBuffers of one rate and length in a loop.
  play (buffers) {
    const levels = matchingGains(buffers)
    this.gains = buffers.map((buffer, i) => {
      const source = new AudioBufferSourceNode(this.context, { buffer, loop: true })
      const gain = new GainNode(this.context, { gain: 0 })
      source.connect(new GainNode(this.context, { gain: levels[i] })).connect(gain).connect(this.context.destination)
      this.sources.push(source)
      return gain
    })
    const at = this.context.currentTime + 0.1
    this.sources.forEach((source) => source.start(at)) // at one time, so that a change is no jump
    this.listen('x')
  }

  // Chooses by chance what X is.
  draw () {
    this.x = crypto.getRandomValues(new Uint8Array(1))[0] & 1
  }

  // Plays 'a', 'b' or 'x'.
  listen (name) {
    const index = { a: 0, b: 1, x: this.x }[name]
    this.gains.forEach((gain, i) =>
      gain.gain.setTargetAtTime(i === index ? 1 : 0, this.context.currentTime, FADE_S))
  }

  // Takes the answer that X is 'a' or 'b', and begins the next trial. Returns whether the answer is right.
  answer (name) {
    const isRight = name === 'ab'[this.x]
    this.right += isRight
    ++this.trials
    this.draw()
    this.listen('x')
    return isRight
  }

  get chance () {
    return chanceOf(this.right, this.trials)
  }
}
