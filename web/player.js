// SPDX-License-Identifier: MIT
// Sound through the pedal in real time: source -> ears before -> pedal -> ears after -> speakers.

const EAR_FRAMES = 4096

export class Player {
  constructor (assets) {
    this.assets = assets
    this.context = null
  }

  // A context at a rate (the device's own if 0) with a pedal in it.
  async open (rateHz, settings) {
    if (this.context && this.wantedHz === rateHz) {
      return
    }
    await this.close()
    this.wantedHz = rateHz
    const context = new AudioContext({ latencyHint: 'interactive', ...(rateHz && { sampleRate: rateHz }) })
    this.context = context
    await context.audioWorklet.addModule(this.assets.worklet)
    const { wasm, model } = this.assets
    const processorOptions = { wasm, model, settings }
    this.pedal = new AudioWorkletNode(context, 'pedal', { channelCount: 2, processorOptions })
    this.before = new AnalyserNode(context, { fftSize: EAR_FRAMES })
    this.after = new AnalyserNode(context, { fftSize: EAR_FRAMES })
    this.before.connect(this.pedal).connect(this.after).connect(context.destination)
  }

  // Plays a decoded sound, over and over, from a place in it.
  async playBuffer (buffer, fromS, settings) {
    await this.open(buffer.sampleRate, settings)
    this.stop()
    this.source = new AudioBufferSourceNode(this.context, { buffer, loop: true })
    this.source.connect(this.before)
    this.source.start(0, fromS)
    this.startedS = this.context.currentTime - fromS
    await this.context.resume()
  }

  async playStream (stream, settings) {
    await this.open(0, settings)
    this.stop()
    this.stream = stream
    this.source = new MediaStreamAudioSourceNode(this.context, { mediaStream: stream })
    this.source.connect(this.before)
    await this.context.resume()
  }

  get isPlaying () {
    return Boolean(this.source)
  }

  // Seconds into the sound that plays.
  get position () {
    const { buffer } = this.source
    return buffer ? (this.context.currentTime - this.startedS) % buffer.duration : 0
  }

  control (settings) {
    if (this.context && this.pedal) {
      this.pedal.port.postMessage(settings)
    }
  }

  stop () {
    if (this.source) {
      this.source.disconnect()
      this.source = null
    }
    if (this.stream) {
      this.stream.getTracks().forEach((track) => track.stop())
      this.stream = null
    }
  }

  async close () {
    this.stop()
    if (this.context) {
      const { context } = this
      this.context = this.pedal = null
      await context.close()
    }
  }
}
