// SPDX-License-Identifier: MIT
// The page: puts the parts together.
import { Host } from './host.js'
import { Player } from './player.js'
import { Presets } from './presets.js'
import { render } from './render.js'
import { Scope } from './scope.js'
import { fileName, format, parse } from './settings.js'
import { bytes, clip, decode, microphone, Refusal } from './sources.js'
import { otherLanguage, speak, text, write } from './text.js'

const $ = (id) => document.getElementById(id)
const data = (id) => $(id).textContent

function loadAssets () {
  const simd = bytes(data('core-simd'))
  const wasm = (WebAssembly.validate(simd) ? simd : bytes(data('core-scalar'))).buffer
  return {
    wasm,
    model: bytes(data('model')).buffer,
    // Worklets of a page on a disk can't come from a Blob.
    worklet: `data:text/javascript,${encodeURIComponent(data('worklet'))}`,
    renderer: URL.createObjectURL(new Blob([data('renderer')], { type: 'text/javascript' }))
  }
}

speak(navigator.language.slice(0, 2)) // the face's script asks which it is

const assets = loadAssets()
const player = new Player(assets)
const scope = new Scope($('wave'), $('spectrum'))
const files = [] // what the visitor chose
let current = null // { name, buffer } that is decoded
let abort = null // of the rendering under way

function say (name, values) {
  $('message').textContent = text(name, values)
}

// Does what may be refused, and says why it was.
async function attempt (name, action) {
  try {
    return await action()
  } catch (error) {
    if (error instanceof Refusal) {
      say(error.message, { name })
    } else if (error.name === 'AbortError') {
      say('cancelled')
    } else {
      say('failed', { reason: error.message })
    }
    return null
  }
}

// The pedal and the address

const host = new Host($('pedal').firstElementChild, face, parse(location.hash), (settings) => {
  player.control(settings)
  show(settings)
  remember(settings)
})
const presets = new Presets($('preset'), $('purpose'), JSON.parse(data('presets')), (settings) => host.apply(settings))

function show (settings) {
  $('bypass').setAttribute('aria-pressed', !settings.on)
  presets.show(settings)
}

let remembering = null
function remember (settings) {
  clearTimeout(remembering)
  remembering = setTimeout(() => history.replaceState(null, '', format(settings)), 200)
}

// Sources

async function chosen () {
  const value = $('source').value
  const file = value.startsWith('file') ? files[Number(value.slice(4))] : await clip(value)
  if (current && current.file === file) {
    return current
  }
  say('loading', { name: file.name })
  const buffer = await decode(file)
  if ($('source').value !== value) {
    return chosen() // the visitor's mind changed meanwhile
  }
  current = { file, buffer, name: file.name }
  describe(current)
  return current
}

function describe ({ name, buffer }) {
  const n = buffer.numberOfChannels
  const channels = text(n === 1 ? 'mono' : n === 2 ? 'stereo' : 'more', { n })
  say('loaded', { name, channels, seconds: buffer.duration.toFixed(1), rate: buffer.sampleRate })
}

function sourceName () {
  return $('source').selectedOptions[0].textContent
}

async function add (list) {
  for (const file of list) {
    $('source').append(new Option(file.name, `file${files.push(file) - 1}`))
  }
  if (list.length > 0) {
    $('source').value = `file${files.length - 1}`
    $('render-all').hidden = files.length < 2
    await sourceChanged()
  }
}

async function sourceChanged () {
  const isMicrophone = $('source').value === 'microphone'
  $('warning').hidden = !isMicrophone
  $('render').disabled = isMicrophone
  const wasPlaying = player.isPlaying
  stop()
  if (!isMicrophone) {
    await attempt(sourceName(), chosen)
  }
  if (wasPlaying && !isMicrophone) { // a microphone waits for the button, below the warning
    await play()
  }
}

// Playing

let isStarting = false

async function play () {
  if (isStarting) {
    return
  }
  if (!globalThis.AudioWorkletNode) {
    say('notSecure')
    return
  }
  isStarting = true
  await attempt(sourceName(), async () => {
    if ($('source').value === 'microphone') {
      await player.playStream(await microphone(), host.settings)
    } else {
      const { buffer } = await chosen()
      await player.playBuffer(buffer, $('position').value * buffer.duration, host.settings)
    }
    player.control(host.settings)
    showPlaying()
    requestAnimationFrame(draw)
  })
  isStarting = false
}

function stop () {
  player.stop()
  showPlaying()
}

function showPlaying () {
  write($('play'), player.isPlaying ? 'stop' : 'play')
}

function showLevel (side, peak) {
  const db = 20 * Math.log10(peak)
  $(`level-${side}`).value = Math.max(-60, db)
  $(`db-${side}`).textContent = db > -100 ? `${db.toFixed(1).replace('-', '−')} dB` : '−∞ dB'
}

function draw () {
  if (player.isPlaying) {
    const [before, after] = scope.draw(player.before, player.after)
    showLevel('before', before)
    showLevel('after', after)
    if (current && document.activeElement !== $('position') && $('source').value !== 'microphone') {
      $('position').value = player.position / current.buffer.duration
    }
    requestAnimationFrame(draw)
  }
}

// Rendering

function offer (file, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = link.textContent = name
  const item = document.createElement('li')
  item.append(link)
  $('done').append(item)
  link.click()
}

async function renderOne ({ name, buffer }) {
  const settings = { ...host.settings }
  const began = performance.now()
  const { file, peak } = await render(buffer, settings, $('format').value, assets, {
    signal: abort.signal, progress: (part) => { $('progress').value = part }
  })
  const seconds = (performance.now() - began) / 1000
  offer(file, fileName(name, settings))
  say('rendered', { name, seconds: seconds.toFixed(1), times: Math.round(buffer.duration / seconds) })
  if (peak > 1 && $('format').value === 'pcm24') {
    $('message').append(' ', text('clipped', { peak: (20 * Math.log10(peak)).toFixed(1) }))
  }
}

// Renders what `sources` decode to, one after the other.
async function renderEach (sources) {
  abort = new AbortController()
  const buttons = [$('render'), $('render-all'), $('source'), $('files')]
  buttons.forEach((button) => { button.disabled = true })
  $('progress').value = 0
  $('rendering').hidden = false
  for (const [name, source] of sources) {
    if (!abort.signal.aborted) {
      await attempt(name, async () => renderOne(await source()))
    }
  }
  $('rendering').hidden = true
  buttons.forEach((button) => { button.disabled = false })
}

// The controls

function listen () {
  $('play').addEventListener('click', () => player.isPlaying ? stop() : play())
  $('bypass').addEventListener('click', () => host.change('on', !host.settings.on))
  $('position').addEventListener('change', () => player.isPlaying && play())
  $('source').addEventListener('change', sourceChanged)
  $('files').addEventListener('change', () => add([...$('files').files]).then(() => { $('files').value = '' }))
  $('render').addEventListener('click', () => renderEach([[sourceName(), chosen]]))
  $('render-all').addEventListener('click', () => renderEach(files.map((file) =>
    [file.name, async () => ({ name: file.name, buffer: await decode(file) })])))
  $('cancel').addEventListener('click', () => abort.abort())
  $('language').addEventListener('click', () => speak(otherLanguage()))
  addEventListener('hashchange', () => host.apply(parse(location.hash)))
  addEventListener('dragover', (event) => {
    event.preventDefault()
    document.body.classList.add('dropping')
  })
  addEventListener('dragleave', () => document.body.classList.remove('dropping'))
  addEventListener('drop', (event) => {
    event.preventDefault()
    document.body.classList.remove('dropping')
    add([...event.dataTransfer.files])
  })
}

show(host.settings)
listen()
