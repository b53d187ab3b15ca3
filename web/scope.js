// SPDX-License-Identifier: MIT
// Draws the pedal's input and output live, as waveform and spectrum, and measures their peaks.

const WAVE_FRAMES = 640
const FLOOR_DB = -100
const TOP_DB = -10
const LOWEST_HZ = 40
const HIGHEST_HZ = 20000
const MARKS = { 100: '100 Hz', 1000: '1 kHz', 10000: '10 kHz' }
const LEAST_RANGE = 0.05 // the waveform's full scale at least; above it, full scale follows the peaks
const RANGE_DECAY = 0.99

// Gives a canvas the resolution of the screen, clears it, and returns its pen and its size in pixels.
export function prepareCanvas (canvas) {
  const ratio = window.devicePixelRatio || 1
  const width = Math.round(canvas.clientWidth * ratio)
  const height = Math.round(canvas.clientHeight * ratio)
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height })
  }
  const pen = canvas.getContext('2d')
  pen.clearRect(0, 0, width, height)
  pen.lineWidth = 1.5 * ratio
  return { pen, width, height, ratio }
}

// Maps a frequency to the logarithmic axis: LOWEST_HZ to 0, HIGHEST_HZ to 1.
function axisPosition (hz) {
  return Math.log(hz / LOWEST_HZ) / Math.log(HIGHEST_HZ / LOWEST_HZ)
}

function drawMarks ({ pen, width, height, ratio }, colour) {
  pen.font = `${11 * ratio}px sans-serif`
  pen.fillStyle = colour
  pen.globalAlpha = 0.35
  for (const hz of Object.keys(MARKS)) {
    drawLine(pen, colour, [[axisPosition(hz) * width, 0], [axisPosition(hz) * width, height]])
  }
  pen.globalAlpha = 1
  for (const [hz, name] of Object.entries(MARKS)) {
    const isLast = name === MARKS[10000]
    pen.textAlign = isLast ? 'right' : 'left'
    pen.fillText(name, axisPosition(hz) * width + (isLast ? -4 : 4) * ratio, 13 * ratio)
  }
}

function drawLine (pen, colour, points) {
  pen.strokeStyle = colour
  pen.beginPath()
  points.forEach(([x, y]) => pen.lineTo(x, y))
  pen.stroke()
}

// Returns the first frame at which a wave rises through zero, so that its picture stands still.
function triggerFrame (wave) {
  for (let i = 1; i + WAVE_FRAMES < wave.length; ++i) {
    if (wave[i - 1] < 0 && wave[i] >= 0) {
      return i
    }
  }
  return 0
}

function peakOf (wave) {
  return wave.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)
}

export class Scope {
  constructor (waveCanvas, spectrumCanvas) {
    Object.assign(this, { waveCanvas, spectrumCanvas, range: LEAST_RANGE })
  }

  // Draws the axes only, before anything plays.
  drawAxes () {
    const colour = getComputedStyle(this.waveCanvas).getPropertyValue('--quiet')
    const { pen, width, height } = prepareCanvas(this.waveCanvas)
    drawLine(pen, colour, [[0, height / 2], [width, height / 2]])
    drawMarks(prepareCanvas(this.spectrumCanvas), colour)
  }

  // Draws what two Meters measure; returns the peaks of both.
  draw (before, after) {
    const style = getComputedStyle(this.waveCanvas)
    const sides = [[before, '--before'], [after, '--after']].map(([meter, colour]) => {
      const waves = meter.waves()
      return { meter, waves, peaks: waves.map(peakOf), colour: style.getPropertyValue(colour) }
    })
    const peaks = sides.map((side) => Math.max(...side.peaks))
    this.range = Math.max(LEAST_RANGE, RANGE_DECAY * this.range, ...peaks)
    const [left, right] = sides[0].peaks
    this.drawWaves(sides, right > left ? 1 : 0)
    this.drawSpectra(sides, style.getPropertyValue('--quiet'))
    return peaks
  }

  // Draws one channel's waveforms.
  drawWaves (sides, channel) {
    const { pen, width, height } = prepareCanvas(this.waveCanvas)
    const first = triggerFrame(sides[0].waves[channel])
    for (const { waves, colour } of sides) {
      drawLine(pen, colour, Array.from(waves[channel].subarray(first, first + WAVE_FRAMES), (sample, i) =>
        [i * width / WAVE_FRAMES, height / 2 * (1 - 0.95 * sample / this.range)]))
    }
  }

  drawSpectra (sides, quiet) {
    const picture = prepareCanvas(this.spectrumCanvas)
    const { pen, width, height } = picture
    drawMarks(picture, quiet)
    for (const { meter, colour } of sides) {
      const points = Array.from(meter.spectrum(), (db, bin) => [
        width * axisPosition(bin * meter.binHz),
        height * (1 - (Math.max(FLOOR_DB, db) - FLOOR_DB) / (TOP_DB - FLOOR_DB))])
      drawLine(pen, colour, points.filter(([x]) => x >= 0 && x <= width))
    }
  }
}
