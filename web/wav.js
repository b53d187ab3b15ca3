// SPDX-License-Identifier: MIT
// Writes WAV files.

export const FORMATS = { pcm24: { bytes: 3, tag: 1 }, float32: { bytes: 4, tag: 3 } }
const HEADER_SIZE = 58
export const LARGEST = 0xFFFFFFFF - HEADER_SIZE

// Returns the header of a WAV file of `frames` frames.
export function header (frames, channels, rateHz, format) {
  const { bytes, tag } = FORMATS[format]
  const size = frames * channels * bytes
  const view = new DataView(new ArrayBuffer(HEADER_SIZE))
  const text = (at, word) => [...word].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)))
  const fields = [[4, HEADER_SIZE - 8 + size + size % 2, 4], [16, 18, 4], [20, tag, 2], [22, channels, 2],
    [24, rateHz, 4], [28, rateHz * channels * bytes, 4], [32, channels * bytes, 2], [34, 8 * bytes, 2],
    [42, 4, 4], [46, frames, 4], [54, size, 4]]
  text(0, 'RIFF')
  text(8, 'WAVEfmt ')
  text(38, 'fact')
  text(50, 'data')
  for (const [at, value, width] of fields) {
    view[width === 2 ? 'setUint16' : 'setUint32'](at, value, true)
  }
  return view.buffer
}

// Returns { bytes, peak }: the samples of all channels as a WAV file holds them, and the largest one.
export function encode (channels, format) {
  const { bytes } = FORMATS[format]
  const frames = channels[0].length
  const view = new DataView(new ArrayBuffer(frames * channels.length * bytes))
  let peak = 0
  let at = 0
  for (let i = 0; i < frames; ++i) {
    for (const samples of channels) {
      const sample = samples[i]
      peak = Math.max(peak, Math.abs(sample))
      if (format === 'float32') {
        view.setFloat32(at, sample, true)
      } else {
        const integer = Math.max(-0x800000, Math.min(0x7FFFFF, Math.round(0x800000 * sample)))
        view.setUint16(at, integer & 0xFFFF, true)
        view.setInt8(at + 2, integer >> 16)
      }
      at += bytes
    }
  }
  return { bytes: view.buffer, peak }
}
