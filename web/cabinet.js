// SPDX-License-Identifier: MIT
// A guitar cabinet after the pedal, as an impulse response: one that the page designs, or the visitor's own.
import { Refusal } from './errors.js'
import { Weighting } from './loudness.js'
import { decode, resample } from './sources.js'

const DESIGN_S = 0.04
const LONGEST_S = 2 // of the visitor's own
// Second-order filters in series: kind, frequency in Hz, Q, and gain in dB. A closed back with its resonance at 110 Hz,
// a scoop below 500 Hz, the cone's break-up around 2.5 kHz, and the steep end above 4.5 kHz.
const DESIGN = [['highpass', 75, 0.8], ['peaking', 110, 1.4, 4], ['peaking', 420, 0.9, -4], ['peaking', 2500, 1.1, 5],
  ['peaking', 3600, 2.5, 3], ['lowpass', 4600, 1.1], ['lowpass', 5200, 0.8]]

// Returns a filter's [b0, b1, b2, a1, a2], by the bilinear transform.
function coefficients ([kind, hz, q, db = 0], rateHz) {
  const w = 2 * Math.PI * hz / rateHz
  const cos = Math.cos(w)
  const alpha = Math.sin(w) / (2 * q)
  const gain = 10 ** (db / 40)
  const [b, a] = {
    lowpass: [[(1 - cos) / 2, 1 - cos, (1 - cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]],
    highpass: [[(1 + cos) / 2, -1 - cos, (1 + cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]],
    peaking: [[1 + alpha * gain, -2 * cos, 1 - alpha * gain], [1 + alpha / gain, -2 * cos, 1 - alpha / gain]]
  }[kind]
  return [...b, a[1], a[2]].map((value) => value / a[0])
}

function filter (samples, [b0, b1, b2, a1, a2]) {
  let s1 = 0
  let s2 = 0
  return samples.map((x) => {
    const y = b0 * x + s1
    s1 = b1 * x - a1 * y + s2
    s2 = b2 * x - a2 * y
    return y
  })
}

// Returns how loud a response makes noise that falls above 300 Hz, as a guitar's spectrum does: as a power.
function power (samples, rateHz) {
  const pole = Math.exp(-2 * Math.PI * 300 / rateHz)
  return new Weighting(rateHz).energy(filter(samples, [1 - pole, 0, 0, -pole, 0]))
}

// Returns a response as an AudioBuffer with the gain that keeps the loudness.
function finish (samples, rateHz) {
  const unit = new Float32Array(samples.length)
  unit[0] = 1
  const gain = Math.sqrt(power(unit, rateHz) / power(samples, rateHz))
  const buffer = new AudioBuffer({ length: samples.length, sampleRate: rateHz })
  buffer.copyToChannel(samples.map((sample) => gain * sample), 0)
  return buffer
}

function design (rateHz) {
  const impulse = new Float32Array(Math.round(DESIGN_S * rateHz))
  impulse[0] = 1
  return finish(DESIGN.reduce((samples, stage) => filter(samples, coefficients(stage, rateHz)), impulse), rateHz)
}

async function read (file, rateHz) {
  const { buffer } = await decode(file)
  const own = buffer.sampleRate === rateHz ? buffer : await resample(buffer, rateHz)
  const samples = own.getChannelData(0).slice(0, LONGEST_S * rateHz)
  if (!samples.some((sample) => sample !== 0)) {
    throw new Refusal('isSilent')
  }
  return finish(samples, rateHz)
}

// Resolves to the response at a rate: of `file`, or the page's own when it is null.
export async function cabinetResponse (file, rateHz) {
  return file ? read(file, rateHz) : design(rateHz)
}

// Convolves a sound that comes in chunks with a response.
export class Convolver {
  constructor (response, channels) {
    const tail = response.length - 1
    Object.assign(this, { response, channels, tails: Array.from({ length: channels }, () => new Float32Array(tail)) })
  }

  // Resolves to the channels of the next chunk, as long as `chunk`.
  async convolve (chunk) {
    const { response, channels, tails } = this
    const frames = chunk[0].length
    const context = new OfflineAudioContext(channels, frames + response.length - 1, response.sampleRate)
    const buffer = new AudioBuffer({ numberOfChannels: channels, length: frames, sampleRate: response.sampleRate })
    chunk.forEach((samples, channel) => buffer.copyToChannel(samples, channel))
    const source = new AudioBufferSourceNode(context, { buffer })
    source.connect(new ConvolverNode(context, { buffer: response, disableNormalization: true }))
      .connect(context.destination)
    source.start()
    const played = await context.startRendering()
    return tails.map((tail, channel) => {
      const samples = played.getChannelData(channel)
      tail.forEach((value, i) => { samples[i] += value })
      tails[channel] = samples.slice(frames)
      return samples.slice(0, frames)
    })
  }
}
