// SPDX-License-Identifier: MIT
// Where sound comes from: files, the clips beside the page, and the microphone.
import { toldRate } from './wav.js'

const HEAD_BYTES = 65536
const LARGEST_BYTES = 1 << 30
const NETWORK_HZ = 48000

// An error whose message is a text's name.
export class Refusal extends Error {}

// The pedal plays a file at its own rate from 44.1 to 192 kHz. Others, and files of kinds that hide
// their rate, are decoded at 48 kHz, for which the network was trained.
async function workingRate (file) {
  const told = toldRate(await file.slice(0, HEAD_BYTES).arrayBuffer())
  return told >= 44100 && told <= 192000 ? told : NETWORK_HZ
}

// An AudioBuffer of at least one frame, or a Refusal.
export async function decode (file) {
  if (file.size === 0) {
    throw new Refusal('isEmpty')
  }
  if (file.size > LARGEST_BYTES) {
    throw new Refusal('isTooLarge')
  }
  const context = new OfflineAudioContext(1, 1, await workingRate(file))
  let buffer = null
  try {
    buffer = await context.decodeAudioData(await file.arrayBuffer())
  } catch (error) {
    throw new Refusal('isNoSound')
  }
  if (buffer.length === 0) {
    throw new Refusal('isNoSound')
  }
  return buffer
}

const loaded = {}
const arrived = {}
globalThis.od3Clip = (name, base64) => arrived[name](new File([bytes(base64)], `${name}.flac`))

// Clips are scripts, which a page may load from a disk, too, where it may not fetch.
export function clip (name) {
  loaded[name] = loaded[name] || new Promise((resolve, reject) => {
    const script = document.createElement('script')
    arrived[name] = resolve
    script.onerror = () => {
      delete loaded[name]
      reject(new Refusal('clipMissing'))
    }
    script.src = `clips/${name}.js`
    document.head.append(script)
  })
  return loaded[name]
}

export function bytes (base64) {
  return Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0))
}

export async function microphone () {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    })
  } catch (error) {
    throw new Refusal('noMicrophone')
  }
}
