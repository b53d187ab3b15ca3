// SPDX-License-Identifier: MIT
// Mixes sounds of more than two channels down to stereo, as ITU-R BS.775 says, and replaces samples that are no
// numbers.

const HALF_POWER = Math.SQRT1_2
// Gains to left and right by speaker, in the order of the bits of a WAV file's channel mask. The low-frequency
// channel is left out.
const SPEAKERS = [[1, 0], [0, 1], [HALF_POWER, HALF_POWER], [0, 0], [HALF_POWER, 0], [0, HALF_POWER], [1, 0], [0, 1],
  [0.5, 0.5], [HALF_POWER, 0], [0, HALF_POWER]]
// The masks that files without one mean, by the number of channels.
const MASKS = { 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F }

// Returns each channel's gains to left and right. Channels of an unknown arrangement all go to both sides.
export function mixdownGains (channels, mask) {
  const speakers = (bits) => SPEAKERS.filter((_, bit) => bits >> bit & 1)
  const given = speakers(mask)
  const gains = given.length === channels ? given : speakers(MASKS[channels] || 0)
  return gains.length === channels ? gains : Array(channels).fill([1 / channels, 1 / channels])
}

function mixDown (buffer, mask) {
  const { length, numberOfChannels, sampleRate } = buffer
  const mixed = new AudioBuffer({ length, numberOfChannels: 2, sampleRate })
  mixdownGains(numberOfChannels, mask).forEach((gains, channel) => {
    const samples = buffer.getChannelData(channel)
    gains.forEach((gain, side) => {
      const output = mixed.getChannelData(side)
      for (let i = 0; gain > 0 && i < length; ++i) {
        output[i] += gain * samples[i]
      }
    })
  })
  return mixed
}

// Sets samples that are infinite or no numbers to 0; returns how many there were.
function replaceInvalid (buffer) {
  let count = 0
  for (let channel = 0; channel < buffer.numberOfChannels; ++channel) {
    const samples = buffer.getChannelData(channel)
    for (let i = 0; i < samples.length; ++i) {
      if (!Number.isFinite(samples[i])) {
        samples[i] = 0
        ++count
      }
    }
  }
  return count
}

// Returns { buffer, channels, invalid }: a sound of one or two channels, how many it had, and how many of its
// samples were no numbers.
export function prepare (buffer, mask) {
  const channels = buffer.numberOfChannels
  const invalid = replaceInvalid(buffer)
  return { buffer: channels > 2 ? mixDown(buffer, mask) : buffer, channels, invalid }
}
