// SPDX-License-Identifier: MIT
// The pedal in the audio thread.
import { Core } from './core.js'

class Pedal extends AudioWorkletProcessor {
  constructor ({ processorOptions: { wasm, model, settings } }) {
    super()
    this.core = new Core(wasm, model, 2, sampleRate, settings)
    this.port.onmessage = ({ data }) => this.core.control(data)
  }

  process ([input], [output]) {
    output.forEach((samples, channel) => {
      if (input[channel]) {
        samples.set(input[channel])
      }
      this.core.run(channel, samples)
    })
    return true
  }
}

registerProcessor('pedal', Pedal)
