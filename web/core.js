// SPDX-License-Identifier: MIT
// Runs core.c's module with one model: in the audio thread, in a worker, or in the page to describe the model.

// Starts the module. Its C library imports functions of WASI for files, which the core never calls.
function instantiate (wasm) {
  const module = new WebAssembly.Module(wasm)
  const unused = WebAssembly.Module.imports(module).map(({ name }) => [name, () => {
    throw new Error(`the core called ${name}`)
  }])
  return new WebAssembly.Instance(module, { wasi_snapshot_preview1: Object.fromEntries(unused) }).exports
}

// Returns the text that ends with a zero byte at an address of the module's memory.
function textAt (memory, address) {
  const bytes = new Uint8Array(memory.buffer, address)
  const text = bytes.subarray(0, bytes.indexOf(0))
  // Not all audio threads have a TextDecoder.
  return globalThis.TextDecoder ? new TextDecoder().decode(text) : String.fromCharCode(...text)
}

function load (wasm, { name, bytes }) {
  const address = wasm.core_allocate(bytes.byteLength)
  if (address === 0) {
    throw new Error(`${name}: out of memory for ${bytes.byteLength} bytes`)
  }
  new Uint8Array(wasm.memory.buffer, address, bytes.byteLength).set(new Uint8Array(bytes))
  const error = wasm.core_load(address, bytes.byteLength)
  if (error !== 0) {
    throw new Error(`${name}: ${textAt(wasm.memory, error)}`)
  }
}

// Returns what a model, { name, bytes }, says about itself: { title, cell, units, rateHz, isRateAssumed, warning,
// knobs }, `knobs` being a list of { name, min, max }. Throws an Error that names the model's file when it cannot be
// played.
export function describeModel (bytesOfCore, model) {
  const wasm = instantiate(bytesOfCore)
  load(wasm, model)
  const read = (address) => textAt(wasm.memory, address)
  return {
    title: read(wasm.core_model_name()),
    cell: wasm.core_model_is_lstm() ? 'LSTM' : 'GRU',
    units: wasm.core_model_hidden_size(),
    rateHz: wasm.core_model_rate_hz(),
    isRateAssumed: Boolean(wasm.core_model_is_rate_assumed()),
    warning: read(wasm.core_model_warning()),
    knobs: Array.from({ length: wasm.core_n_knobs() }, (_, knob) => ({
      name: read(wasm.core_knob_name(knob)), min: wasm.core_knob_min(knob), max: wasm.core_knob_max(knob)
    }))
  }
}

export class Core {
  // `model` is { name, bytes }: a file's name and its ArrayBuffer. Throws an Error that names the
  // model's file when the model cannot be played.
  constructor (wasm, model, channels, rateHz, settings) {
    this.wasm = instantiate(wasm)
    load(this.wasm, model)
    if (!this.wasm.core_start(channels, rateHz)) {
      throw new Error(`${model.name}: out of memory for ${channels} channels at ${rateHz} Hz`)
    }
    this.blockSize = this.wasm.core_block_size()
    this.control(settings)
    this.blocks = []
    for (let channel = 0; channel < channels; ++channel) {
      this.wasm.core_prime(channel)
    }
    // The memory does not grow any more, so these views stay valid.
    for (let channel = 0; channel < channels; ++channel) {
      this.blocks.push(new Float32Array(this.wasm.memory.buffer, this.wasm.core_block(channel), this.blockSize))
    }
  }

  // `knobs`, from -1 to +1, are those of a model that has other knobs than Gain and Tone.
  control ({ gain, tone, level, oversampling, input, blend, on, knobs = [] }) {
    this.wasm.core_set_controls(gain, tone, level, oversampling, input, blend, on)
    knobs.forEach((value, knob) => this.wasm.core_set_knob(knob, value))
  }

  // 0: unknown, 1: too quiet, 2: good, 3: too hot for what the model has learned; of the louder channel.
  get inputLevel () {
    return Math.max(...this.blocks.map((_, channel) => this.wasm.core_input_level(channel)))
  }

  get latency () {
    return this.wasm.core_latency()
  }

  // Processes one channel's samples in place.
  run (channel, samples) {
    for (let start = 0; start < samples.length; start += this.blockSize) {
      const part = samples.subarray(start, start + this.blockSize)
      this.blocks[channel].set(part)
      this.wasm.core_run(channel, part.length)
      part.set(this.blocks[channel].subarray(0, part.length))
    }
  }
}
