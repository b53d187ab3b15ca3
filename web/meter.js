// SPDX-License-Identifier: MIT
// Measures both channels of a sound, for scopes and meters.

const FRAMES = 4096

export class Meter {
  constructor (context) {
    this.sampleRate = context.sampleRate
    this.input = new GainNode(context, { channelCount: 2, channelCountMode: 'explicit' })
    const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 })
    this.input.connect(splitter)
    this.analysers = [0, 1].map((channel) => {
      const analyser = new AnalyserNode(context, { fftSize: FRAMES })
      splitter.connect(analyser, channel)
      return analyser
    })
  }

  // Returns each channel's last frames.
  waves () {
    return this.analysers.map((analyser) => {
      const wave = new Float32Array(FRAMES)
      analyser.getFloatTimeDomainData(wave)
      return wave
    })
  }

  // Returns the mean power of both channels in dB, for each multiple of binHz.
  spectrum () {
    const [left, right] = this.analysers.map((analyser) => {
      const levels = new Float32Array(analyser.frequencyBinCount)
      analyser.getFloatFrequencyData(levels)
      return levels
    })
    return left.map((db, bin) => 10 * Math.log10((10 ** (db / 10) + 10 ** (right[bin] / 10)) / 2))
  }

  get binHz () {
    return this.sampleRate / FRAMES
  }
}
