// SPDX-License-Identifier: MIT
// The pedal in the audio thread, as an AudioWorkletProcessor. Messages to it are
// { settings, channels, isMatching }. Messages from it are { error }, the reason why it stopped, and
// { loudness, inputLevel }.
import { Core } from './core.js'
import { reasonOf } from './errors.js'
import { LoudnessMeter } from './loudness.js'

const CHANNELS = 2
const RAMP_S = 0.02 // of the gain that matches the loudness in bypass

class Pedal extends AudioWorkletProcessor {
  constructor ({ processorOptions: { wasm, model, settings } }) {
    super()
    this.channels = CHANNELS
    this.attempt(() => {
      this.core = new Core(wasm, model, CHANNELS, sampleRate, settings)
    })
    this.isOn = settings.on
    this.loudness = new LoudnessMeter(sampleRate, CHANNELS)
    this.gain = 1
    this.port.onmessage = ({ data }) => {
      this.channels = data.channels || CHANNELS
      this.isMatching = data.isMatching
      this.isOn = data.settings.on
      this.attempt(() => this.core.control(data.settings))
    }
  }

  // Runs an action. When it fails, reports the reason, and the pedal plays no more.
  attempt (action) {
    try {
      action()
    } catch (error) {
      this.hasFailed = true
      this.port.postMessage({ error: reasonOf(error) })
    }
  }

  process ([input], [output]) {
    if (!this.hasFailed) {
      this.attempt(() => this.play(input, output))
    }
    return !this.hasFailed
  }

  // Plays the channels of the sound; the two sides of a mono sound are equal.
  play (input, output) {
    for (let channel = 0; channel < this.channels; ++channel) {
      if (input[channel]) {
        output[channel].set(input[channel])
      }
      this.loudness.add(0, channel, output[channel])
      this.core.run(channel, output[channel])
    }
    this.match(output.slice(0, this.channels))
    if (this.channels === 1) {
      output[1].set(output[0])
    }
  }

  // Makes the bypassed sound as loud as the pedal's, if asked to, and measures the loudness.
  match (outputs) {
    const frames = outputs[0].length
    const target = this.isMatching && !this.isOn ? this.loudness.gain : 1
    const step = (target - this.gain) * Math.min(1, frames / (RAMP_S * sampleRate))
    outputs.forEach((samples, channel) => {
      for (let i = 0; i < frames; ++i) {
        samples[i] *= this.gain + step * i / frames
      }
      this.loudness.add(1, channel, samples)
    })
    this.gain += step
    const loudness = this.loudness.advance(frames, this.isOn)
    if (loudness) {
      this.port.postMessage({ loudness, inputLevel: this.core.inputLevel })
    }
  }
}

registerProcessor('pedal', Pedal)
