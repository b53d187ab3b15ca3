// SPDX-License-Identifier: MIT
// One running core: core.c's module with a model in it. For worklets and workers alike.

export class Core {
  constructor (wasm, model, channels, rateHz, settings) {
    this.wasm = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports
    const at = this.wasm.core_allocate(model.byteLength)
    new Uint8Array(this.wasm.memory.buffer, at, model.byteLength).set(new Uint8Array(model))
    if (this.wasm.core_load(at, model.byteLength) !== 0 || !this.wasm.core_start(channels, rateHz)) {
      throw new Error('the core does not start')
    }
    this.blockSize = this.wasm.core_block_size()
    this.control(settings)
    this.blocks = []
    for (let channel = 0; channel < channels; ++channel) {
      this.wasm.core_settle(channel)
    }
    // Views made now: from here on the memory does not grow.
    for (let channel = 0; channel < channels; ++channel) {
      this.blocks.push(new Float32Array(this.wasm.memory.buffer, this.wasm.core_block(channel), this.blockSize))
    }
  }

  control ({ gain, tone, level, oversampling, on }) {
    this.wasm.core_control(gain, tone, level, oversampling, on)
  }

  get latency () {
    return this.wasm.core_latency()
  }

  // Plays one channel's samples in place.
  run (channel, samples) {
    for (let at = 0; at < samples.length; at += this.blockSize) {
      const part = samples.subarray(at, at + this.blockSize)
      this.blocks[channel].set(part)
      this.wasm.core_run(channel, part.length)
      part.set(this.blocks[channel].subarray(0, part.length))
    }
  }
}
