// SPDX-License-Identifier: MIT
// A whole sound through the pedal, as fast as it goes, in a worker, into a WAV file.
import { FORMATS, header, LARGEST } from './wav.js'
import { Refusal } from './sources.js'

const CHUNK_FRAMES = 65536

// Asks the worker, and waits for its answer.
function ask (worker, question, transfer = []) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => data.error ? reject(new Error(data.error)) : resolve(data)
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(question, transfer)
  })
}

// One channel's frames from `at` on; beyond the end there is silence.
function cut (buffer, channel, at, frames) {
  const samples = new Float32Array(frames)
  if (at < buffer.length) {
    buffer.copyFromChannel(samples, channel, at)
  }
  return samples
}

// A Blob and its peak. Only a chunk at a time is in memory besides the buffer: finished ones go into
// Blobs, which browsers keep on disk. Of more than two channels, the first two are played.
export async function render (buffer, settings, format, assets, { signal, progress }) {
  const channels = Math.min(2, buffer.numberOfChannels)
  if (buffer.length * channels * FORMATS[format].bytes > LARGEST) {
    throw new Refusal('isTooLong')
  }
  const worker = new Worker(assets.renderer)
  const { wasm, model } = assets
  try {
    const rateHz = buffer.sampleRate
    const { latency } = await ask(worker, { wasm, model, channels, rateHz, settings, format })
    const total = buffer.length + latency
    const parts = [header(buffer.length, channels, rateHz, format)]
    let peak = 0
    for (let at = 0; at < total; at += CHUNK_FRAMES) {
      signal.throwIfAborted()
      const frames = Math.min(CHUNK_FRAMES, total - at)
      const chunk = Array.from({ length: channels }, (_, channel) => cut(buffer, channel, at, frames))
      const answer = await ask(worker, { chunk }, chunk.map((samples) => samples.buffer))
      parts.push(new Blob([answer.bytes]))
      peak = Math.max(peak, answer.peak)
      progress((at + frames) / total)
    }
    const pad = new Uint8Array(buffer.length * channels * FORMATS[format].bytes % 2)
    return { file: new Blob([...parts, pad], { type: 'audio/wav' }), peak }
  } finally {
    worker.terminate()
  }
}
