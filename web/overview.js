// SPDX-License-Identifier: MIT
// Draws the waveform of a whole sound, what of it has played, and the region that is looped.
import { prepareCanvas } from './scope.js'

const MOST_SAMPLES = 300 // that are looked at for a column
const FLOOR = 0.02 // the waveform's full scale at least

// Returns the largest magnitude of `count` parts of a channel.
function peaksOf (samples, count) {
  const size = samples.length / count
  const step = Math.max(1, Math.floor(size / MOST_SAMPLES))
  return Array.from({ length: count }, (_, i) => {
    let peak = 0
    for (let at = Math.floor(i * size); at < (i + 1) * size; at += step) {
      peak = Math.max(peak, Math.abs(samples[at]))
    }
    return peak
  })
}

export class Overview {
  constructor (canvas) {
    Object.assign(this, { canvas, buffer: null, peaks: [], drawn: '' })
  }

  // Takes an AudioBuffer, or null for a sound without an end.
  show (buffer) {
    Object.assign(this, { buffer, peaks: [], drawn: '' })
  }

  // Draws, unless the picture is there. `position`, `from` and `to` are parts of the sound, 0 to 1.
  draw (position, { from, to }) {
    const picture = [this.canvas.clientWidth, this.canvas.clientHeight, from, to,
      Math.round(position * this.canvas.clientWidth), matchMedia('(prefers-color-scheme: dark)').matches].join()
    if (picture === this.drawn) {
      return
    }
    this.drawn = picture
    const { pen, width, height } = prepareCanvas(this.canvas)
    const style = getComputedStyle(this.canvas)
    this.measure(width)
    const full = this.peaks.reduce((peak, other) => Math.max(peak, other), FLOOR)
    this.peaks.forEach((peak, x) => {
      const isLooped = x >= from * width && x < to * width
      pen.globalAlpha = isLooped ? 1 : 0.3
      pen.fillStyle = style.getPropertyValue(x < position * width ? '--after' : '--before')
      const part = Math.max(1, 0.95 * height * peak / full)
      pen.fillRect(x, (height - part) / 2, 1, part)
    })
    pen.globalAlpha = 1
  }

  measure (width) {
    if (!this.buffer || this.peaks.length === width) {
      return
    }
    const { buffer } = this
    const channels = [0, 1].slice(0, buffer.numberOfChannels).map((i) => peaksOf(buffer.getChannelData(i), width))
    this.peaks = channels[0].map((peak, x) => Math.max(peak, ...channels.slice(1).map((other) => other[x])))
  }
}
