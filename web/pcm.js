// SPDX-License-Identifier: MIT
// Reads WAV files itself, since browsers differ: some refuse RF64, some play 64-bit floats as noise.

const KINDS = ['RIFF', 'RF64', 'BW64']
const PCM = 1
const FLOAT = 3
const EXTENSIBLE = 0xFFFE
const UNKNOWN_SIZE = 0xFFFFFFFF
const BLOCK_BYTES = 1 << 22
const LONGEST_FORMAT = 40 // bytes
const MOST_CHUNKS = 1000

function name (view, at) {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, 4))
}

async function viewOf (file, start, size) {
  return new DataView(await file.slice(start, start + size).arrayBuffer())
}

function readFormat (view) {
  const tag = view.getUint16(0, true)
  return {
    tag: tag === EXTENSIBLE && view.byteLength >= 26 ? view.getUint16(24, true) : tag,
    channels: view.getUint16(2, true),
    rateHz: view.getUint32(4, true),
    bytes: view.getUint16(12, true) / view.getUint16(2, true), // of a sample
    mask: tag === EXTENSIBLE && view.byteLength >= 24 ? view.getUint32(20, true) : 0
  }
}

// Returns how many bytes of samples there are. Kinds for more than 4 GiB tell the size in a chunk of its own.
// A recorder that lost power leaves a file whose sizes are 0.
function samplesSize ({ all, data, ds64 }, fileSize) {
  const rest = fileSize - data.start
  if (data.size === 0 && all.size + 8 >= fileSize) {
    return 0
  }
  if (data.size !== 0 && data.size !== UNKNOWN_SIZE) {
    return Math.min(data.size, rest)
  }
  return ds64 && ds64.view.byteLength >= 16 ? Math.min(Number(ds64.view.getBigUint64(8, true)), rest) : rest
}

function headerOf (chunks, fileSize) {
  const format = chunks['fmt ']
  if (!format || format.view.byteLength < 16) {
    return null
  }
  const { data } = chunks
  return { ...readFormat(format.view), ...(data && { start: data.start, size: samplesSize(chunks, fileSize) }) }
}

// Resolves to a WAV file's { tag, channels, rateHz, bytes, mask, start, size }, where start and size in bytes are
// those of its samples, or to null for other files. The chunks before the samples may have any size.
export async function readWavHeader (file) {
  const head = await viewOf(file, 0, 12)
  if (head.byteLength < 12 || !KINDS.includes(name(head, 0)) || name(head, 8) !== 'WAVE') {
    return null
  }
  // The chunks by name: each an offset, a size and the first bytes.
  const found = { all: { size: head.getUint32(4, true) } }
  for (let at = 12, n = 0; at + 8 <= file.size && !found.data && n < MOST_CHUNKS; ++n) {
    const view = await viewOf(file, at, 8 + LONGEST_FORMAT)
    const size = view.getUint32(4, true)
    const content = new DataView(view.buffer, 8, Math.min(size, view.byteLength - 8))
    found[name(view, 0)] = { start: at + 8, size, view: content }
    at += 8 + size + size % 2
  }
  return headerOf(found, file.size)
}

// Returns a function of (view, offset) that reads a sample, or null for kinds that the browser must decode.
export function sampleReader ({ tag, bytes }) {
  return {
    [`${PCM} 1`]: (view, at) => (view.getUint8(at) - 0x80) / 0x80,
    [`${PCM} 2`]: (view, at) => view.getInt16(at, true) / 0x8000,
    [`${PCM} 3`]: (view, at) => (view.getUint16(at, true) + (view.getInt8(at + 2) << 16)) / 0x800000,
    [`${PCM} 4`]: (view, at) => view.getInt32(at, true) / 0x80000000,
    [`${FLOAT} 4`]: (view, at) => view.getFloat32(at, true),
    [`${FLOAT} 8`]: (view, at) => view.getFloat64(at, true)
  }[`${tag} ${bytes}`] || null
}

// Resolves to the samples of a file with such a header, as an AudioBuffer at the file's own rate.
export async function readSamples (file, header) {
  const { channels, rateHz, bytes, start, size } = header
  const read = sampleReader(header)
  const frameBytes = channels * bytes
  const length = Math.floor(size / frameBytes)
  const buffer = new AudioBuffer({ length, numberOfChannels: channels, sampleRate: rateHz })
  const outputs = Array.from({ length: channels }, (_, channel) => buffer.getChannelData(channel))
  const blockFrames = Math.max(1, Math.floor(BLOCK_BYTES / frameBytes))
  for (let first = 0; first < length; first += blockFrames) {
    const frames = Math.min(blockFrames, length - first)
    const view = await viewOf(file, start + first * frameBytes, frames * frameBytes)
    outputs.forEach((output, channel) => {
      for (let i = 0; i < frames; ++i) {
        output[first + i] = read(view, i * frameBytes + channel * bytes)
      }
    })
  }
  return buffer
}

// Resolves to the sample rate of a FLAC file, or null for other files. A tag of kind ID3 may precede it.
export async function readFlacRateHz (file) {
  let head = await viewOf(file, 0, 24)
  if (head.byteLength >= 10 && name(head, 0).startsWith('ID3')) {
    const digits = [6, 7, 8, 9].map((at) => head.getUint8(at))
    head = await viewOf(file, 10 + digits.reduce((total, digit) => 128 * total + digit, 0), 24)
  }
  return head.byteLength >= 22 && name(head, 0) === 'fLaC' ? head.getUint32(18) >>> 12 : null
}
