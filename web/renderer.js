// SPDX-License-Identifier: MIT
// A worker that plays a sound through the pedal, chunk by chunk, and gives back a WAV file's bytes.
import { Core } from './core.js'
import { encode } from './wav.js'

const state = { core: null, toDrop: 0, format: null }

function start ({ wasm, model, channels, rateHz, settings, format }) {
  const core = new Core(wasm, model, channels, rateHz, settings)
  Object.assign(state, { core, toDrop: core.latency, format })
  return { latency: core.latency }
}

// What comes out first is what the latency holds back: it is dropped, so that the file is in time.
function play ({ chunk }) {
  chunk.forEach((samples, channel) => state.core.run(channel, samples))
  const dropped = Math.min(state.toDrop, chunk[0].length)
  state.toDrop -= dropped
  const { bytes, peak } = encode(chunk.map((samples) => samples.subarray(dropped)), state.format)
  return { bytes, peak }
}

onmessage = ({ data }) => {
  try {
    const answer = data.chunk ? play(data) : start(data)
    postMessage(answer, answer.bytes ? [answer.bytes] : [])
  } catch (error) {
    postMessage({ error: String(error) })
  }
}
