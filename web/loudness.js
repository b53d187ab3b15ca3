// SPDX-License-Identifier: MIT
// Measures loudness as ITU-R BS.1770 does, in LUFS over the last 3 seconds, and the gain between two sounds.

const BLOCK_S = 0.1
const BLOCKS = 30
const OFFSET_DB = -0.691 // so that a sine of 997 Hz and 0 dBFS has -3.01 LUFS
const GATE_LUFS = -60 // quieter blocks do not count for the gain
const GAIN_DECAY = 0.97 // per block

// Returns the two filters of the K weighting, a high shelf and a high pass, as [b0, b1, b2, a1, a2].
function weightingFilters (rateHz) {
  const shelf = { k: Math.tan(Math.PI * 1681.974450955533 / rateHz), q: 0.7071752369554196 }
  const high = 10 ** (3.999843853973347 / 20)
  const middle = high ** 0.4996667741545416
  const pass = { k: Math.tan(Math.PI * 38.13547087602444 / rateHz), q: 0.5003270373238773 }
  const scale = ({ k, q }) => 1 + k / q + k * k
  const poles = ({ k, q }) => [2 * (k * k - 1) / scale({ k, q }), (1 - k / q + k * k) / scale({ k, q })]
  const { k, q } = shelf
  const zeros = [high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k]
  return [[...zeros.map((zero) => zero / scale(shelf)), ...poles(shelf)], [1, -2, 1, ...poles(pass)]]
}

// One channel's weighted energy.
export class Weighting {
  constructor (rateHz) {
    this.stages = weightingFilters(rateHz).map((coefficients) => ({ coefficients, s1: 0, s2: 0 }))
  }

  // Returns the sum of the squares of weighted samples.
  energy (samples) {
    const [one, two] = this.stages
    let sum = 0
    for (let i = 0; i < samples.length; ++i) {
      const y = filterSample(two, filterSample(one, samples[i]))
      sum += y * y
    }
    return sum
  }
}

function filterSample (stage, x) {
  const [b0, b1, b2, a1, a2] = stage.coefficients
  const y = b0 * x + stage.s1
  stage.s1 = b1 * x - a1 * y + stage.s2
  stage.s2 = b2 * x - a2 * y
  return y
}

function lufs (power) {
  return OFFSET_DB + 10 * Math.log10(power)
}

// Returns the mean weighted power of an AudioBuffer, summed over its channels.
export function powerOf (buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i))
  return channels.reduce((sum, samples) => sum + new Weighting(buffer.sampleRate).energy(samples), 0) / buffer.length
}

// Compares what enters the pedal with what leaves it.
export class LoudnessMeter {
  constructor (rateHz, channels) {
    this.framesInBlock = Math.round(BLOCK_S * rateHz)
    this.sides = [0, 1].map(() => ({
      channels: Array.from({ length: channels }, () => new Weighting(rateHz)), sum: 0, blocks: [], recent: 0
    }))
    this.frames = 0
  }

  // Adds one channel's samples to side 0, before the pedal, or 1, after it.
  add (side, channel, samples) {
    this.sides[side].sum += this.sides[side].channels[channel].energy(samples)
  }

  // Counts frames that were added. At the end of a block, returns { before, after } in LUFS, else null. Blocks with
  // isPedalOn count for the gain.
  advance (frames, isPedalOn) {
    this.frames += frames
    if (this.frames < this.framesInBlock) {
      return null
    }
    const powers = this.sides.map(({ sum }) => sum / this.frames)
    const counts = isPedalOn && lufs(powers[0]) > GATE_LUFS
    this.sides.forEach((side, i) => {
      side.blocks = [...side.blocks, powers[i]].slice(-BLOCKS)
      side.recent = counts ? GAIN_DECAY * side.recent + powers[i] : side.recent
      side.sum = 0
    })
    this.frames = 0
    const [before, after] = this.sides.map(({ blocks }) =>
      lufs(blocks.reduce((sum, power) => sum + power) / blocks.length))
    return { before, after }
  }

  // Returns the gain that makes the input as loud as the output was while the pedal was on; 1 as long as it was not.
  get gain () {
    const [before, after] = this.sides
    return before.recent > 0 ? Math.sqrt(after.recent / before.recent) : 1
  }
}
