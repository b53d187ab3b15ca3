// SPDX-License-Identifier: MIT
// What goes into the pedal and what comes out of it, drawn live: wave, spectrum and levels.

const WAVE_FRAMES = 640
const FLOOR_DB = -100
const TOP_DB = -10
const LOWEST_HZ = 40
const HIGHEST_HZ = 20000
const MARKS = { 100: '100 Hz', 1000: '1 kHz', 10000: '10 kHz' }
const LEAST_RANGE = 0.05 // of the wave's picture, which otherwise follows its peaks
const RANGE_DECAY = 0.99

function fit (canvas) {
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

// Where a frequency lies, from 0 to 1 and beyond.
function along (hz) {
  return Math.log(hz / LOWEST_HZ) / Math.log(HIGHEST_HZ / LOWEST_HZ)
}

function drawMarks ({ pen, width, height, ratio }, colour) {
  pen.font = `${11 * ratio}px sans-serif`
  pen.fillStyle = colour
  pen.globalAlpha = 0.35
  for (const hz of Object.keys(MARKS)) {
    line(pen, colour, [[along(hz) * width, 0], [along(hz) * width, height]])
  }
  pen.globalAlpha = 1
  for (const [hz, name] of Object.entries(MARKS)) {
    const isLast = name === MARKS[10000]
    pen.textAlign = isLast ? 'right' : 'left'
    pen.fillText(name, along(hz) * width + (isLast ? -4 : 4) * ratio, 13 * ratio)
  }
}

function line (pen, colour, points) {
  pen.strokeStyle = colour
  pen.beginPath()
  points.forEach(([x, y]) => pen.lineTo(x, y))
  pen.stroke()
}

// Where a wave first rises through zero, so that its picture stands still.
function trigger (wave) {
  for (let i = 1; i + WAVE_FRAMES < wave.length; ++i) {
    if (wave[i - 1] < 0 && wave[i] >= 0) {
      return i
    }
  }
  return 0
}

export class Scope {
  constructor (waveCanvas, spectrumCanvas) {
    Object.assign(this, { waveCanvas, spectrumCanvas, range: LEAST_RANGE })
  }

  // The peaks of both sides, after drawing them.
  draw (before, after) {
    const style = getComputedStyle(this.waveCanvas)
    const sides = [[before, style.getPropertyValue('--before')], [after, style.getPropertyValue('--after')]]
      .map(([ear, colour]) => {
        const wave = new Float32Array(ear.fftSize)
        ear.getFloatTimeDomainData(wave)
        return { ear, colour, wave }
      })
    const peaks = sides.map(({ wave }) => wave.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0))
    this.range = Math.max(LEAST_RANGE, RANGE_DECAY * this.range, ...peaks)
    this.drawWaves(sides)
    this.drawSpectra(sides, style.getPropertyValue('--quiet'))
    return peaks
  }

  drawWaves (sides) {
    const { pen, width, height } = fit(this.waveCanvas)
    const first = trigger(sides[0].wave)
    for (const { wave, colour } of sides) {
      line(pen, colour, Array.from(wave.subarray(first, first + WAVE_FRAMES), (sample, i) =>
        [i * width / WAVE_FRAMES, height / 2 * (1 - 0.95 * sample / this.range)]))
    }
  }

  drawSpectra (sides, quiet) {
    const picture = fit(this.spectrumCanvas)
    const { pen, width, height } = picture
    drawMarks(picture, quiet)
    for (const { ear, colour } of sides) {
      const levels = new Float32Array(ear.frequencyBinCount)
      ear.getFloatFrequencyData(levels)
      const binHz = ear.context.sampleRate / ear.fftSize
      const points = Array.from(levels, (db, bin) => [
        width * along(bin * binHz),
        height * (1 - (Math.max(FLOOR_DB, db) - FLOOR_DB) / (TOP_DB - FLOOR_DB))])
      line(pen, colour, points.filter(([x]) => x >= 0 && x <= width))
    }
  }
}
