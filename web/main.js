// SPDX-License-Identifier: MIT
// Connects the page's elements with the pedal, the player, the sources and the renderer.
import { Blind } from './blind.js'
import { cabinetResponse, Convolver } from './cabinet.js'
import { CONTROLS } from './controls.js'
import { canChooseOutput, listDevices } from './devices.js'
import { Refusal, reasonOf } from './errors.js'
import { Host } from './host.js'
import { isModel, ModelPanel, openModel } from './models.js'
import { Overview } from './overview.js'
import { Player } from './player.js'
import { Presets } from './presets.js'
import { render } from './render.js'
import { Scope } from './scope.js'
import { fileName, format, parse } from './settings.js'
import { clip, decode, decodeBase64, microphone } from './sources.js'
import { otherLanguage, setLanguage, setText, text } from './text.js'

const $ = (id) => document.getElementById(id)
const data = (id) => $(id).textContent

// Resolves to the ArrayBuffer that a block of the page holds, compressed.
async function unpack (id) {
  const stream = new Blob([decodeBase64(data(id))]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).arrayBuffer()
}

async function loadAssets () {
  const simd = await unpack('core-simd')
  return {
    wasm: WebAssembly.validate(simd) ? simd : await unpack('core-scalar'),
    model: { name: $('model').dataset.name, bytes: await unpack('model') },
    // In Chromium, a page that was opened from a disk loads a worklet from no other kind of address.
    worklet: `data:text/javascript,${encodeURIComponent(data('worklet'))}`,
    renderer: URL.createObjectURL(new Blob([data('renderer')], { type: 'text/javascript' }))
  }
}

setLanguage(navigator.language.slice(0, 2)) // before the face's script asks for it

const assets = loadAssets() // a promise
assets.catch(() => {}) // whoever uses the assets shows the failure
const player = new Player(assets, showState, showLoudness)
const scope = new Scope($('wave'), $('spectrum'))
const overview = new Overview($('overview').querySelector('canvas'))
const files = new Map() // that the visitor added, by the value of their option
const models = new Map() // likewise
let current = null // the decoded sound: { file, name, buffer, channels, invalid }
let abort = null // the AbortController of the rendering in progress

// Shows a text and, after it, the reasons that an error gives.
function say (name, values, error) {
  $('message').textContent = text(name, values) + (error ? ` (${reasonOf(error)})` : '')
}

// Shows why an action on the sound `name` failed.
function report (name, error) {
  if (error instanceof Refusal) {
    say(error.message, { name, ...error.values }, error.cause)
  } else if (error.name === 'AbortError') {
    say('cancelled', { name })
  } else {
    say('failed', { name }, error)
  }
}

// Shows what no other code has caught.
addEventListener('error', ({ error, message }) => say('unexpected', {}, error || new Error(message)))
addEventListener('unhandledrejection', ({ reason }) => say('unexpected', {}, reason))

// Runs an action on the sound `name`; returns its result, or null after it reported a failure.
async function attempt (name, action) {
  try {
    return await action()
  } catch (error) {
    report(name, error)
    return null
  }
}

// The pedal and the address

// Returns the settings in the page's address; shows what it cannot use of them.
function readAddress () {
  const { settings, problems } = parse(location.hash)
  if (problems.length > 0) {
    say('linkProblems', { parts: problems.join(', ').slice(0, 200) })
  }
  return settings
}

const panel = new ModelPanel($('model-knobs'), () => player.control(allSettings()))
const host = new Host($('pedal').firstElementChild, face, readAddress(), (settings) => {
  player.control(allSettings())
  show(settings)
  remember(settings)
})
const presetList = JSON.parse(data('presets'))
const presets = new Presets($('preset'), $('purpose'), presetList, (settings) => host.apply(settings))
const blind = new Blind($, presetList, {
  settings: allSettings,
  sound: async () => ({ buffer: (await selectedSound()).buffer, loop: player.loop }),
  assets: modelAssets,
  ownAssets: () => assets,
  onStart: () => player.stop(),
  onError: (error) => report(sourceName(), error)
})

// Resolves to what renders the model that plays.
async function modelAssets () {
  const { wasm, renderer, model } = await assets
  return { wasm, renderer, model: panel.model || model }
}

// Returns the settings with the knobs of the model that plays.
function allSettings () {
  return panel.settings(host.settings)
}

function decibels (value) {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(1)} dB`
}

// The controls that the pedal's face has no knob for, or that the panel has, too; and their values as text.
const SLIDERS = {
  input: decibels,
  level: decibels,
  blend: (value) => `${value.toFixed(0)} %`
}

function listenToSlider (name) {
  const { min, max, initial } = CONTROLS[name]
  Object.assign($(name), { min, max })
  $(name).addEventListener('input', () => host.change(name, Number($(name).value)))
  $(name).addEventListener('dblclick', () => host.change(name, initial))
}

function showSlider (name, value) {
  $(name).value = value
  $(`${name}-value`).textContent = SLIDERS[name](value)
  $(name).setAttribute('aria-valuetext', SLIDERS[name](value))
}

function show (settings) {
  Object.keys(SLIDERS).forEach((name) => showSlider(name, settings[name]))
  $('oversampling').value = settings.oversampling
  $('bypass').setAttribute('aria-pressed', !settings.on)
  presets.show(settings)
}

let remembering = null
function remember (settings) {
  clearTimeout(remembering)
  remembering = setTimeout(() => history.replaceState(null, '', format(settings)), 200)
}

async function copyLink () {
  history.replaceState(null, '', format(host.settings))
  try {
    await navigator.clipboard.writeText(location.href)
    say('linkCopied')
  } catch (error) {
    say('linkNotCopied', {}, error)
  }
}

// Sources

// Resolves to the selected sound, decoded.
async function selectedSound () {
  const value = $('source').value
  const file = files.get(value) || await clip(value)
  if (current && current.file === file) {
    return current
  }
  if (player.state !== 'failed') { // else the reason stays visible
    say('loading', { name: file.name })
  }
  const sound = await decode(file)
  if ($('source').value !== value) {
    return selectedSound() // the visitor selected another one meanwhile
  }
  current = { file, name: file.name, ...sound }
  overview.show(current.buffer)
  showTime()
  if (player.state !== 'failed') {
    describe(current)
  }
  return current
}

// Shows the first clip's waveform before anything plays.
async function showClip () {
  const file = await clip($('source').value)
  const sound = await decode(file)
  if (!current && player.state === 'stopped') {
    current = { file, name: file.name, ...sound }
    overview.show(current.buffer)
    showTime()
  }
}

function describe ({ name, buffer, channels, invalid }) {
  const arrangement = text(channels === 1 ? 'mono' : channels === 2 ? 'stereo' : 'more', { n: channels })
  say('loaded', { name, channels: arrangement, seconds: buffer.duration.toFixed(1), rate: buffer.sampleRate })
  if (invalid > 0) {
    $('message').append(' ', text('invalid', { n: invalid }))
  }
}

function sourceName () {
  return $('source').selectedOptions[0].textContent
}

let nAdded = 0
async function addFiles (list) {
  const sounds = list.filter((file) => !isModel(file))
  for (const file of sounds) {
    const value = `file${nAdded++}`
    files.set(value, file)
    $('source').append(new Option(file.name, value))
    $('source').value = value
  }
  if (sounds.length > 0) {
    await sourceChanged()
  }
  for (const file of list.filter(isModel)) {
    await attempt(file.name, () => addModel(file))
  }
}

// Removes the selected file and selects the first clip.
async function removeFile () {
  files.delete($('source').value)
  $('source').selectedOptions[0].remove()
  $('source').selectedIndex = 0
  $('source').focus()
  await sourceChanged()
}

// Models

async function addModel (file) {
  const model = await openModel(file, (await assets).wasm)
  const value = `model${nAdded++}`
  models.set(value, model)
  $('model-choice').append(new Option(model.title, value))
  $('model-choice').value = value
  modelChanged()
}

// Removes the selected model and selects the pedal's own.
function removeModel () {
  models.delete($('model-choice').value)
  $('model-choice').selectedOptions[0].remove()
  $('model-choice').value = 'own'
  $('model-choice').focus()
  modelChanged()
}

function modelChanged () {
  const model = models.get($('model-choice').value) || null
  panel.show(model)
  $('panel').hidden = $('remove-model').hidden = !model
  $('pedal').firstElementChild.hidden = $('preset').disabled = $('copy-link').disabled = Boolean(model)
  $('model-row').hidden = models.size === 0
  const wasPlaying = player.state === 'playing' || player.state === 'starting'
  player.stop()
  if (wasPlaying) {
    play()
  }
  if (model) {
    showModel()
    say('modelLoaded', { name: model.name })
    if (model.warning) {
      $('message').append(' ', text('doubtful', { warning: model.warning }))
    }
  }
}

function showModel () {
  const { title, cell, units, rateHz, isRateAssumed } = panel.model
  $('model-title').textContent = title
  $('model-kind').textContent = text('kind', { cell, units, rate: rateHz }) +
    (isRateAssumed ? ` (${text('rateAssumed')})` : '')
}

function isMicrophone () {
  return $('source').value === 'microphone'
}

async function sourceChanged () {
  $('warning').hidden = $('input-row').hidden = !isMicrophone()
  $('loop').hidden = $('blind').hidden = isMicrophone()
  $('render').disabled = $('position').disabled = isMicrophone()
  blind.stop()
  $('remove').hidden = !files.has($('source').value)
  $('render-all').hidden = files.size < 2
  const wasPlaying = player.state === 'playing' || player.state === 'starting'
  player.stop()
  setLoop(0, 1)
  showPosition(0)
  if (isMicrophone()) {
    overview.show(null)
    current = null
    showTime()
  } else {
    await attempt(sourceName(), selectedSound)
    if (wasPlaying && player.state === 'stopped') { // the microphone waits for the button, so that the warning is read
      play()
    }
  }
}

// Playing

// Call it while the browser handles a click.
function play () {
  if (!globalThis.AudioWorkletNode) {
    say('notSecure')
    return
  }
  blind.stop()
  const settings = allSettings()
  const { model } = panel
  if (isMicrophone()) {
    const open = async () => ({
      stream: await microphone($('input-device').value), input: $('input-channels').value
    })
    player.play({ rateHz: 0, model, settings, open })
  } else {
    player.play({
      rateHz: current ? current.buffer.sampleRate : 48000,
      model,
      settings,
      open: async () => {
        const { buffer } = await selectedSound()
        return { buffer, fromS: $('position').value * buffer.duration }
      }
    })
  }
}

function showState (state, error) {
  setText($('play'), state === 'playing' || state === 'starting' ? 'stop' : 'play')
  if (state === 'playing') {
    showPlaying()
  } else {
    for (const side of ['before', 'after']) {
      showLevel(side, 0)
      $(`lufs-${side}`).textContent = '−∞ LUFS'
    }
    showInputLevel(0)
  }
  if (state === 'starting') {
    $('message').textContent = ''
  } else if (state === 'failed') {
    report(sourceName(), error)
  }
}

function showPlaying () {
  player.control(allSettings())
  if (isMicrophone()) {
    const { sampleRate } = player.context
    say('live', { rate: sampleRate, latency: (1000 * player.latencyS).toFixed(0) })
    showDevices()
  } else {
    describe(current)
  }
  drawNext()
}

function showLevel (side, peak) {
  const db = 20 * Math.log10(peak)
  $(`level-${side}`).value = Math.max(-60, db)
  $(`db-${side}`).textContent = `${formatLevel(db)} dB`
}

function formatLevel (level) {
  return level > -100 ? level.toFixed(1).replace('-', '−') : '−∞'
}

const INPUT_LEVELS = ['unknownLevel', 'tooQuiet', 'goodLevel', 'tooHot'] // of the port input_level

function showInputLevel (value) {
  setText($('input-level'), INPUT_LEVELS[value])
  $('input-level').className = INPUT_LEVELS[value]
  host.notifyScript('change', { symbol: 'input_level', value })
}

function showLoudness ({ loudness: { before, after }, inputLevel }) {
  if (player.state === 'playing') {
    showInputLevel(inputLevel)
    $('lufs-before').textContent = `${formatLevel(before)} LUFS`
    $('lufs-after').textContent = `${formatLevel(after)} LUFS`
  }
}

const CALM_MS = 500 // between pictures for visitors who want little motion
let nextScopeMs = 0
let isSeeking = false // while the visitor moves the slider
let frame = 0 // the request for the next drawing, of which there is at most one
function drawNext () {
  cancelAnimationFrame(frame)
  frame = requestAnimationFrame(draw)
}

function draw () {
  if (player.state === 'playing') {
    const now = performance.now()
    if (now >= nextScopeMs) {
      nextScopeMs = now + (matchMedia('(prefers-reduced-motion: reduce)').matches ? CALM_MS : 0)
      const [before, after] = scope.draw(player.before, player.after)
      showLevel('before', before)
      showLevel('after', after)
    }
    if (!isMicrophone() && !isSeeking) {
      showPosition(player.positionS / current.buffer.duration)
    }
    drawNext()
  }
}

// Position

function showPosition (part) {
  $('position').value = part
  showTime()
}

function clock (seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}

function showTime () {
  const lengthS = current ? current.buffer.duration : 0
  const time = `${clock($('position').value * lengthS)} / ${clock(lengthS)}`
  if ($('time').textContent !== time) {
    $('time').textContent = time
    $('position').setAttribute('aria-valuetext', time)
  }
  overview.draw(Number($('position').value), player.loop)
}

const SHORTEST_LOOP_S = 0.1

// Loops from one part of the sound to another, 0 to 1.
function setLoop (from, to) {
  player.loop = { from, to }
  $('loop-all').disabled = from === 0 && to === 1
  showTime()
}

// Moves the loop's start or end to the position; the other end moves to the sound's when they would meet.
function loopFromHere () {
  const from = Number($('position').value)
  changeLoop(from, player.loop.to - from < shortestLoop() ? 1 : player.loop.to)
}

function loopToHere () {
  const to = Number($('position').value)
  changeLoop(to - player.loop.from < shortestLoop() ? 0 : player.loop.from, to)
}

function shortestLoop () {
  return current ? Math.min(1, SHORTEST_LOOP_S / current.buffer.duration) : 1
}

// Sets the loop, unless it would be too short.
function changeLoop (from, to) {
  if (to - from >= shortestLoop()) {
    const position = player.state === 'playing' ? player.positionS : 0
    setLoop(from, to)
    if (player.state === 'playing') {
      player.seek(position)
    }
  }
}

// The output

let ownResponse = null // the visitor's File with an impulse response

// Resolves to the cabinet's impulse response at a rate, or to null.
async function responseAt (rateHz) {
  return $('cabinet').value === 'none' ? null
    : cabinetResponse($('cabinet').value === 'own' ? ownResponse : null, rateHz)
}
player.responseAt = responseAt

async function cabinetChanged () {
  $('cabinet-tick').hidden = $('cabinet').value === 'none'
  const name = $('cabinet').selectedOptions[0].textContent
  if (await attempt(name, async () => { await player.changeCabinet(); return true }) === null) {
    $('cabinet').value = 'none'
    $('cabinet-tick').hidden = true
    player.changeCabinet()
  }
}

async function addResponse (file) {
  ownResponse = file
  const others = [...$('cabinet').options].filter(({ value }) => value === 'own')
  others.forEach((option) => option.remove())
  $('cabinet').append(new Option(file.name, 'own'))
  $('cabinet').value = 'own'
  // Reads it also when nothing plays, so that a file that cannot be read is refused now.
  if (await attempt(file.name, () => responseAt(48000)) === null) {
    $('cabinet').value = 'none'
  }
  await cabinetChanged()
}

async function showDevices () {
  await listDevices($('input-device'), 'audioinput')
  $('output-row').hidden = !canChooseOutput() || await listDevices($('output-device'), 'audiooutput') === 0
}

async function outputChanged () {
  player.outputId = $('output-device').value
  if (player.state === 'playing') {
    await player.chooseOutput().catch((error) => player.fail(error))
  }
}

function seek () {
  isSeeking = false
  showTime()
  if (player.state === 'playing') {
    player.seek($('position').value * current.buffer.duration)
  }
}

// Rendering

// Downloads a file and lists it.
function download (file, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = link.textContent = name
  const item = document.createElement('li')
  item.append(link)
  $('done').append(item)
  link.click()
}

async function renderOne ({ name, buffer }) {
  const settings = allSettings()
  const { model } = panel
  const target = model && model.title + panel.text
  const began = performance.now()
  const response = $('cabinet-renders').checked && await responseAt(buffer.sampleRate)
  const { file, peak } = await render(buffer, settings, $('format').value, await modelAssets(), {
    signal: abort.signal,
    progress: (part) => { $('progress').value = part },
    convolver: response && new Convolver(response, Math.min(2, buffer.numberOfChannels))
  })
  const seconds = (performance.now() - began) / 1000
  download(file, fileName(name, settings, target))
  say('rendered', { name, seconds: seconds.toFixed(1), times: Math.round(buffer.duration / seconds) })
  if (peak > 1 && $('format').value === 'pcm24') {
    $('message').append(' ', text('clipped', { peak: (20 * Math.log10(peak)).toFixed(1) }))
  }
}

// Renders sounds one after the other; `sources` is a list of [name, function that resolves to the sound].
async function renderEach (sources) {
  abort = new AbortController()
  const buttons = ['render', 'render-all', 'source', 'files', 'remove', 'model-choice', 'remove-model'].map($)
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
  $('play').addEventListener('click', () =>
    player.state === 'playing' || player.state === 'starting' ? player.stop() : play())
  $('match').addEventListener('change', () => {
    player.isMatching = $('match').checked
    player.control(allSettings())
  })
  $('bypass').addEventListener('click', () => host.change('on', !host.settings.on))
  $('position').addEventListener('input', () => {
    isSeeking = true
    showTime()
  })
  $('position').addEventListener('change', seek)
  $('input-channels').addEventListener('change', () => isMicrophone() && player.state === 'playing' && play())
  $('source').addEventListener('change', sourceChanged)
  $('files').addEventListener('change', () => addFiles([...$('files').files]).then(() => { $('files').value = '' }))
  $('render').addEventListener('click', () => renderEach([[sourceName(), selectedSound]]))
  $('render-all').addEventListener('click', () => renderEach([...files.values()].map((file) =>
    [file.name, async () => ({ name: file.name, ...await decode(file) })])))
  $('cancel').addEventListener('click', () => abort.abort())
  $('copy-link').addEventListener('click', copyLink)
  $('remove').addEventListener('click', removeFile)
  $('language').addEventListener('click', () => {
    setLanguage(otherLanguage())
    if (panel.model) {
      showModel()
    }
  })
  addEventListener('hashchange', () => host.apply(readAddress()))
}

function listenToOutput () {
  $('loop-from').addEventListener('click', loopFromHere)
  $('loop-to').addEventListener('click', loopToHere)
  $('loop-all').addEventListener('click', () => changeLoop(0, 1))
  $('cabinet').addEventListener('change', cabinetChanged)
  $('response').addEventListener('change', () => [...$('response').files].forEach(addResponse))
  $('output-device').addEventListener('change', outputChanged)
  $('input-device').addEventListener('change', () => player.state === 'playing' && play())
  addEventListener('resize', showTime)
}

function listenToModels () {
  $('model-choice').addEventListener('change', modelChanged)
  $('remove-model').addEventListener('click', removeModel)
  $('oversampling').addEventListener('change', () => host.change('oversampling', Number($('oversampling').value)))
}

// Takes files that are dropped anywhere on the page.
function listenToDrops () {
  addEventListener('dragover', (event) => {
    event.preventDefault()
    document.body.classList.add('dropping')
  })
  addEventListener('dragleave', () => document.body.classList.remove('dropping'))
  addEventListener('drop', (event) => {
    event.preventDefault()
    document.body.classList.remove('dropping')
    addFiles([...event.dataTransfer.files])
  })
}

// Makes the page open without a network, and installable, where it is served. A browser that cannot do so plays, too.
function keepOffline () {
  if (isSecureContext && location.protocol.startsWith('http') && navigator.serviceWorker) {
    const link = document.createElement('link')
    Object.assign(link, { rel: 'manifest', href: 'manifest.webmanifest' })
    document.head.append(link)
    navigator.serviceWorker.register('offline.js').catch(() => {})
  }
}

Object.keys(SLIDERS).forEach(listenToSlider)
show(host.settings)
listen()
listenToOutput()
listenToModels()
listenToDrops()
showDevices().catch(() => {}) // the lists stay short
scope.drawAxes()
showTime()
keepOffline()
showClip().catch(() => {}) // Play tries again and says why it fails
