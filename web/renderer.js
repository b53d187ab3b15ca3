// SPDX-License-Identifier: MIT
// A worker that runs a sound through the pedal, chunk by chunk.
import { Core } from './core.js'
import { reasonOf } from './errors.js'

const state = { core: null, framesToDrop: 0 }

function start ({ wasm, model, channels, rateHz, settings }) {
  const core = new Core(wasm, model, channels, rateHz, settings)
  Object.assign(state, { core, framesToDrop: core.latency })
  return { latency: core.latency }
}

// The output lags the input by the latency: dropping its first frames aligns it with the input.
function process ({ chunk }) {
  chunk.forEach((samples, channel) => state.core.run(channel, samples))
  const dropped = Math.min(state.framesToDrop, chunk[0].length)
  state.framesToDrop -= dropped
  return { chunk: chunk.map((samples) => samples.slice(dropped)) }
}

onmessage = ({ data }) => {
  try {
    const answer = data.chunk ? process(data) : start(data)
    postMessage(answer, (answer.chunk || []).map((samples) => samples.buffer))
  } catch (error) {
    postMessage({ error: reasonOf(error) }) // not all browsers send an error's cause
  }
}
