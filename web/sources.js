// SPDX-License-Identifier: MIT
// Opens sources of sound: files, the clips beside the page, and the microphone.
import { Refusal } from './errors.js'
import { prepare } from './mixdown.js'
import { readFlacRateHz, readSamples, readWavHeader, sampleReader } from './pcm.js'

const LARGEST_BYTES = 1 << 30
const NETWORK_HZ = 48000

// The pedal plays sounds from 44.1 to 192 kHz at their own rate. Others, and files of kinds that hide their rate,
// are converted to 48 kHz, for which the network was trained.
function workingRateHz (rateHz) {
  return rateHz >= 44100 && rateHz <= 192000 ? rateHz : NETWORK_HZ
}

// Resolves to the sound at another rate.
export async function resample (buffer, rateHz) {
  const { numberOfChannels, length, sampleRate } = buffer
  const context = new OfflineAudioContext(numberOfChannels, Math.ceil(length * rateHz / sampleRate), rateHz)
  const source = new AudioBufferSourceNode(context, { buffer })
  source.connect(context.destination)
  source.start()
  return context.startRendering()
}

async function decodeWav (file, header) {
  if (!header.start || header.size < header.channels * header.bytes) {
    throw new Error('its header says that it holds no samples')
  }
  const buffer = await readSamples(file, header)
  const rateHz = workingRateHz(header.rateHz)
  return rateHz === header.rateHz ? buffer : resample(buffer, rateHz)
}

async function decodeByBrowser (file, rateHz) {
  const context = new OfflineAudioContext(1, 1, workingRateHz(rateHz))
  const buffer = await context.decodeAudioData(await file.arrayBuffer())
  if (buffer.length === 0) {
    throw new Error('it holds no samples')
  }
  return buffer
}

// Resolves to { buffer, channels, invalid } as prepare() returns it, with at least one frame. Rejects with a Refusal.
export async function decode (file) {
  if (file.size === 0) {
    throw new Refusal('isEmpty')
  }
  if (file.size > LARGEST_BYTES) {
    throw new Refusal('isTooLarge')
  }
  try {
    const wav = await readWavHeader(file)
    const isReadable = wav && wav.channels > 0 && sampleReader(wav)
    const buffer = isReadable ? await decodeWav(file, wav)
      : await decodeByBrowser(file, wav ? wav.rateHz : await readFlacRateHz(file))
    return prepare(buffer, wav ? wav.mask : 0)
  } catch (error) {
    throw new Refusal('isNoSound', { cause: error })
  }
}

const clips = {} // promises of Files by name
const receivers = {} // functions that take a clip's base64 text, by name

// Called by a clip's script.
globalThis.od3Clip = (name, base64) => receivers[name](base64)

function loadClip (name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    const refuse = (reason) => reject(new Refusal('clipMissing', {
      values: { name: `clips/${name}.js` }, cause: new Error(`${script.src}: ${reason}`)
    }))
    receivers[name] = (base64) => {
      try {
        resolve(new File([decodeBase64(base64)], `${name}.flac`))
      } catch (error) {
        refuse(error.message)
      }
    }
    script.onload = () => refuse('the script holds no clip of this name') // without effect once there is a File
    script.onerror = () => refuse('the browser cannot load the script')
    script.src = `clips/${name}.js`
    document.head.append(script)
  })
}

// Resolves to the File of a clip. Clips are scripts, since a page that was opened from a disk may load
// scripts but not fetch files.
export function clip (name) {
  clips[name] = clips[name] || loadClip(name).catch((error) => {
    delete clips[name] // so that the next call tries again
    throw error
  })
  return clips[name]
}

export function decodeBase64 (base64) {
  return Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0))
}

// Resolves to the stream of an input device, or of the system's default when the id is empty.
export async function microphone (deviceId) {
  if (!navigator.mediaDevices) {
    throw new Refusal('notSecure')
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: {
        channelCount: { ideal: 2 },
        echoCancellation: false,
        noiseSuppression: false,
        autoGainControl: false,
        ...(deviceId && { deviceId: { exact: deviceId } })
      }
    })
  } catch (error) {
    throw new Refusal('noMicrophone', { cause: error })
  }
}
