// SPDX-License-Identifier: MIT
// Renders a whole sound through the pedal into a WAV file, in a worker, faster than in real time.
import { Refusal } from './errors.js'
import { encode, FORMATS, header, LARGEST } from './wav.js'

const CHUNK_FRAMES = 65536

// Sends a request to the worker and resolves to its reply.
function request (worker, message, transfer = []) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => data.error ? reject(new Error(data.error)) : resolve(data)
    worker.onerror = (event) => {
      event.preventDefault() // else the page reports it once more
      const { message: reason, filename, lineno, error } = event
      reject(new Error(`renderer: ${reason || `${filename} cannot be run`} (line ${lineno})`, { cause: error }))
    }
    worker.onmessageerror = () => reject(new Error("renderer: the browser cannot pass on the worker's reply"))
    worker.postMessage(message, transfer)
  })
}

// Returns `frames` frames of one channel from frame `start` on; beyond the end there is silence.
function chunkOf (buffer, channel, start, frames) {
  const samples = new Float32Array(frames)
  if (start < buffer.length) {
    buffer.copyFromChannel(samples, channel, start)
  }
  return samples
}

// Runs a sound through the pedal. Each chunk of the result goes to `take`, which may return a promise: a list of
// Float32Arrays, one for each of at most two channels. The result is as long as the sound and not late.
export async function process (buffer, settings, { wasm, model, renderer }, { signal, progress = () => {} }, take) {
  const channels = Math.min(2, buffer.numberOfChannels)
  const worker = new Worker(renderer)
  try {
    const { latency } = await request(worker, { wasm, model, channels, rateHz: buffer.sampleRate, settings })
    const total = buffer.length + latency
    for (let start = 0; start < total; start += CHUNK_FRAMES) {
      if (signal) {
        signal.throwIfAborted()
      }
      const frames = Math.min(CHUNK_FRAMES, total - start)
      const chunk = Array.from({ length: channels }, (_, channel) => chunkOf(buffer, channel, start, frames))
      const reply = await request(worker, { chunk }, chunk.map((samples) => samples.buffer))
      if (reply.chunk[0].length > 0) {
        await take(reply.chunk)
      }
      progress((start + frames) / total)
    }
  } finally {
    worker.terminate()
  }
}

// Resolves to { file, peak }: a Blob and the largest sample. Besides the buffer, only one chunk is in memory: finished
// chunks go into Blobs, which browsers keep on disk. `convolver` is the cabinet, or null.
export async function render (buffer, settings, format, assets, { signal, progress, convolver }) {
  const channels = Math.min(2, buffer.numberOfChannels)
  const size = buffer.length * channels * FORMATS[format].bytes
  if (size > LARGEST) {
    throw new Refusal('isTooLong')
  }
  const parts = [header(buffer.length, channels, buffer.sampleRate, format)]
  let peak = 0
  await process(buffer, settings, assets, { signal, progress }, async (chunk) => {
    const encoded = encode(convolver ? await convolver.convolve(chunk) : chunk, format)
    parts.push(new Blob([encoded.bytes]))
    peak = Math.max(peak, encoded.peak)
  })
  return { file: new Blob([...parts, new Uint8Array(size % 2)], { type: 'audio/wav' }), peak }
}

// Resolves to an AudioBuffer of what the pedal plays.
export async function renderBuffer (buffer, settings, assets, options) {
  const numberOfChannels = Math.min(2, buffer.numberOfChannels)
  const played = new AudioBuffer({ numberOfChannels, length: buffer.length, sampleRate: buffer.sampleRate })
  let at = 0
  await process(buffer, settings, assets, options, (chunk) => {
    chunk.forEach((samples, channel) => played.copyToChannel(samples, channel, at))
    at += chunk[0].length
  })
  return played
}
