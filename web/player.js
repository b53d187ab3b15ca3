// SPDX-License-Identifier: MIT
// Plays sound through the pedal in real time: source -> meter -> pedal -> meter -> cabinet, if any -> output.
import { Refusal } from './errors.js'
import { Meter } from './meter.js'

const TIMEOUT_S = 5

// Settles as the promise does, or rejects with a Refusal after TIMEOUT_S.
function withinTime (promise, refusal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Refusal(refusal, { values: { seconds: TIMEOUT_S } })), 1000 * TIMEOUT_S)
    promise.then(resolve, reject).then(() => clearTimeout(timer))
  })
}

function release ({ stream }) {
  if (stream) {
    stream.getTracks().forEach((track) => track.stop())
  }
}

export class Player {
  // `onChange` is called at each change of the state, with 'stopped', 'starting', 'playing' or 'failed',
  // and with the error after 'failed'. `onLoudness` is called with the LUFS before and after the pedal
  // and the input's level, { loudness, inputLevel }.
  // `assets` is a promise of the page's binaries.
  constructor (assets, onChange, onLoudness) {
    Object.assign(this, { assets, onChange, onLoudness, isMatching: true, state: 'stopped' })
    Object.assign(this, { context: null, sound: null, start: null, outputId: '', loop: { from: 0, to: 1 } })
    this.responseAt = async () => null // resolves to the cabinet's impulse response at a rate, or to null
  }

  enter (state, error = null) {
    this.state = state
    this.onChange(state, error)
  }

  // Plays the sound that `open` resolves to: { buffer, fromS }, of which `loop` is repeated, or { stream, input }. Call
  // it while the browser handles a click, which is when it lets a page make sound. `rateHz` is the sound's rate as
  // far as it is known, or 0 for the device's. `model` is { name, bytes }, or null for the pedal's own.
  async play ({ rateHz, model, settings, open }) {
    const start = this.start = {} // stop() and another play() replace it, which cancels this one
    this.releaseSound()
    this.enter('starting')
    try {
      this.openContext(rateHz, model, settings)
      this.context.resume().catch(() => {}) // awaited below, when the context has its final rate
      const sound = await open()
      if (this.start !== start) {
        release(sound)
        return
      }
      this.sound = sound
      this.openContext(sound.buffer ? sound.buffer.sampleRate : 0, model, settings)
      await withinTime(this.pedalReady, 'noOutput')
      await this.chooseOutput()
      await withinTime(this.context.resume(), 'noOutput')
      await this.changeCabinet()
      if (this.start === start) {
        this.connect()
        this.control(settings)
        this.enter('playing')
      }
    } catch (error) {
      if (this.start === start) {
        this.fail(error)
      }
    }
  }

  stop () {
    this.start = null
    this.releaseSound()
    if (this.context) {
      this.context.suspend().catch(() => {}) // a context that cannot be suspended is silent, too
    }
    this.enter('stopped')
  }

  // Ends playing. The next play() opens a new context.
  fail (error) {
    this.start = null
    this.releaseSound()
    this.closeContext()
    this.enter('failed', error)
  }

  // Opens an audio context with a pedal, unless there is one of this rate and model.
  openContext (rateHz, model, settings) {
    if (this.context && this.requestedRateHz === rateHz && this.model === model) {
      return
    }
    this.closeContext()
    this.requestedRateHz = rateHz
    this.model = model
    const context = new AudioContext({ latencyHint: 'interactive', ...(rateHz && { sampleRate: rateHz }) })
    this.context = context
    context.onerror = () => context === this.context && this.fail(new Refusal('outputLost'))
    context.onstatechange = () => {
      if (context === this.context && this.state === 'playing' && context.state !== 'running') {
        this.fail(new Refusal('outputLost'))
      }
    }
    this.before = new Meter(context)
    this.after = new Meter(context)
    this.pedalReady = this.addPedal(context, model, settings)
    this.pedalReady.catch(() => {}) // play() awaits it
  }

  async addPedal (context, model, settings) {
    const { wasm, model: own, worklet } = await this.assets
    await context.audioWorklet.addModule(worklet)
    // The processor always gets two channels, whatever the sound has, and never more than it has pedals.
    const pedal = new AudioWorkletNode(context, 'pedal', {
      channelCount: 2, channelCountMode: 'explicit', outputChannelCount: [2], processorOptions: { wasm, model: model || own, settings }
    })
    const fail = (reason) => context === this.context &&
      this.fail(new Refusal('pedalStopped', { cause: reason && new Error(reason) }))
    pedal.port.onmessage = ({ data }) => data.error ? fail(data.error) : this.onLoudness(data)
    pedal.onprocessorerror = (event) => fail(event.message)
    this.before.input.connect(pedal).connect(this.after.input).connect(context.destination)
    this.pedal = pedal
  }

  // Plays on the device outputId; empty is the system's default.
  async chooseOutput () {
    const { context, outputId } = this
    if (context && context.setSinkId && context.sinkId !== outputId) {
      try {
        await context.setSinkId(outputId)
      } catch (error) {
        throw new Refusal('noDevice', { cause: error })
      }
    }
  }

  // Puts the cabinet that responseAt resolves to between the pedal and the output.
  async changeCabinet () {
    const { context, after } = this
    const buffer = context && await this.responseAt(context.sampleRate)
    if (!context || context !== this.context || (!buffer && !this.cabinet)) {
      return
    }
    after.input.disconnect(this.cabinet || context.destination)
    this.cabinet = buffer && new ConvolverNode(context, { buffer, disableNormalization: true })
    if (this.cabinet) {
      after.input.connect(this.cabinet).connect(context.destination)
    } else {
      after.input.connect(context.destination)
    }
  }

  closeContext () {
    const { context } = this
    this.context = this.pedal = this.cabinet = null
    if (context) {
      context.close().catch(() => {}) // it is closed already
    }
  }

  connect () {
    const { buffer, stream, input, fromS } = this.sound
    if (buffer) {
      this.channels = Math.min(2, buffer.numberOfChannels)
      this.connectBuffer(fromS)
    } else {
      this.channels = input === 'stereo' ? 2 : 1
      this.connectStream(stream, input)
      stream.getTracks().forEach((track) => { track.onended = () => this.fail(new Refusal('microphoneLost')) })
    }
  }

  // The loop's start and end in seconds.
  get loopS () {
    const { duration } = this.sound.buffer
    return [this.loop.from * duration, this.loop.to * duration]
  }

  // Plays the loop from a position in it, or else from its start.
  connectBuffer (positionS) {
    const { buffer } = this.sound
    const [loopStart, loopEnd] = this.loopS
    const fromS = positionS >= loopStart && positionS < loopEnd ? positionS : loopStart
    this.source = new AudioBufferSourceNode(this.context, { buffer, loop: true, loopStart, loopEnd })
    this.source.connect(this.before.input)
    this.source.start(0, fromS)
    this.startedS = this.context.currentTime - (fromS - loopStart)
  }

  // Connects the inputs of an interface: 'stereo', or as mono 'first', 'second' or 'sum'.
  connectStream (mediaStream, input) {
    this.source = new MediaStreamAudioSourceNode(this.context, { mediaStream })
    if (input === 'stereo') {
      this.source.connect(this.before.input)
      return
    }
    const splitter = new ChannelSplitterNode(this.context, { numberOfOutputs: 2 })
    const mono = new GainNode(this.context, { channelCount: 1, channelCountMode: 'explicit' })
    const outputs = { first: [0], second: [1], sum: [0, 1] }[input]
    outputs.forEach((output) => splitter.connect(mono, output))
    this.source.connect(splitter)
    mono.connect(this.before.input)
  }

  disconnect () {
    if (this.source) {
      this.source.disconnect()
      this.source = null
    }
  }

  releaseSound () {
    this.disconnect()
    if (this.sound) {
      release(this.sound)
      this.sound = null
    }
  }

  // Moves the file that plays to another position.
  seek (seconds) {
    this.disconnect()
    this.connectBuffer(seconds)
  }

  // Returns the position in the file that plays, in seconds.
  get positionS () {
    const [startS, endS] = this.loopS
    return startS + (this.context.currentTime - this.startedS) % (endS - startS)
  }

  // Returns the delay from the input to the speakers in seconds, as far as the browser knows it.
  get latencyS () {
    return this.context.baseLatency + (this.context.outputLatency || 0)
  }

  control (settings) {
    if (this.pedal) {
      this.pedal.port.postMessage({ settings, channels: this.channels, isMatching: this.isMatching })
    }
  }
}
