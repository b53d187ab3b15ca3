// SPDX-License-Identifier: MIT
// The lists of sound devices. Browsers name devices only after the visitor has let the page use the microphone.

// Returns whether this browser lets a page choose the output.
export function canChooseOutput () {
  return Boolean(globalThis.AudioContext && AudioContext.prototype.setSinkId && navigator.mediaDevices)
}

// Fills a list with the devices of a kind, 'audioinput' or 'audiooutput', after its first option, the system's default.
// Resolves to how many there are. The choice stays.
export async function listDevices (select, kind) {
  const devices = navigator.mediaDevices ? await navigator.mediaDevices.enumerateDevices() : []
  const named = devices.filter((device) => device.kind === kind && device.label && device.deviceId !== 'default')
  const { value } = select
  while (select.options.length > 1) {
    select.options[1].remove()
  }
  named.forEach(({ label, deviceId }) => select.append(new Option(label, deviceId)))
  select.value = named.some(({ deviceId }) => deviceId === value) ? value : ''
  return named.length
}
