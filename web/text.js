// SPDX-License-Identifier: MIT
// What the page says, in English and in Portuguese.

const TEXTS = {
  en: {
    title: 'OD3: a neural overdrive',
    lead: 'A small recurrent network that learned the sound of an overdrive pedal, played live in your browser.',
    language: 'Português',
    preset: 'Preset',
    none: 'None',
    nonePurpose: 'The knobs are where no preset has them.',
    source: 'Sound',
    guitar: 'Clip: electric guitar',
    bass: 'Clip: bass',
    microphone: 'Microphone or interface',
    choose: 'Choose files…',
    drop: 'or drop them anywhere on this page',
    play: 'Play',
    stop: 'Stop',
    bypass: 'Bypass',
    position: 'Position',
    warning: 'Wear headphones: with speakers, a live microphone howls.',
    before: 'in',
    after: 'out',
    wave: 'Waveform of input and output',
    spectrum: 'Spectrum of input and output, 40 Hz to 20 kHz',
    levelBefore: 'Input level',
    levelAfter: 'Output level',
    format: 'Format',
    pcm24: 'WAV, 24 bits',
    float32: 'WAV, 32-bit float',
    render: 'Render and download',
    renderAll: 'Render all files',
    cancel: 'Cancel',
    progress: 'Rendering',
    done: 'Rendered files',
    loading: 'Reading {name}…',
    loaded: '{name}: {seconds} s, {channels} at {rate} Hz.',
    mono: 'mono',
    stereo: 'stereo, a pedal a side',
    more: '{n} channels, of which the first two are played',
    rendered: '{name}: done in {seconds} s, {times} times as fast as it plays.',
    clipped: 'Its peak of {peak} dB is above full scale and was clipped: turn Level down, or choose float.',
    cancelled: 'Cancelled.',
    isEmpty: '{name} is empty.',
    isTooLarge: '{name} is larger than 1 GiB, which is more than this page can hold.',
    isTooLong: '{name} would give a file of more than 4 GiB, which WAV does not allow.',
    isNoSound: '{name} holds no sound that this browser can read.',
    clipMissing: 'The clip is not where it should be: is the folder clips/ beside the page?',
    noMicrophone: 'There is no microphone, or this page may not use it.',
    notSecure: 'Browsers play this only from https, from this machine, or from a file on your disk.',
    failed: 'That did not work: {reason}',
    help: 'Drag a knob up or down, with Shift for small steps; double-click puts it back. Keys: Tab, arrows, Home, End. The address of this page holds the knobs’ places.',
    privacy: 'Nothing leaves your machine: all is computed here. Files from 44.1 to 192 kHz play and render at their own rate, others at 48 kHz.',
    legal: 'MIT licence. Not affiliated with any maker of pedals.'
  },
  pt: {
    title: 'OD3: um overdrive neural',
    lead: 'Uma pequena rede recorrente que aprendeu o som de um pedal de overdrive, tocada ao vivo no seu navegador.',
    language: 'English',
    preset: 'Preset',
    none: 'Nenhum',
    nonePurpose: 'Os botões estão onde nenhum preset os põe.',
    source: 'Som',
    guitar: 'Trecho: guitarra',
    bass: 'Trecho: baixo',
    microphone: 'Microfone ou interface',
    choose: 'Escolher arquivos…',
    drop: 'ou solte-os em qualquer lugar da página',
    play: 'Tocar',
    stop: 'Parar',
    bypass: 'Desligar o pedal',
    position: 'Posição',
    warning: 'Use fones de ouvido: com alto-falantes, o microfone ao vivo causa microfonia.',
    before: 'entrada',
    after: 'saída',
    wave: 'Forma de onda da entrada e da saída',
    spectrum: 'Espectro da entrada e da saída, de 40 Hz a 20 kHz',
    levelBefore: 'Nível de entrada',
    levelAfter: 'Nível de saída',
    format: 'Formato',
    pcm24: 'WAV, 24 bits',
    float32: 'WAV, 32 bits flutuante',
    render: 'Processar e baixar',
    renderAll: 'Processar todos os arquivos',
    cancel: 'Cancelar',
    progress: 'Processando',
    done: 'Arquivos prontos',
    loading: 'Lendo {name}…',
    loaded: '{name}: {seconds} s, {channels} a {rate} Hz.',
    mono: 'mono',
    stereo: 'estéreo, um pedal por lado',
    more: '{n} canais, dos quais se tocam os dois primeiros',
    rendered: '{name}: pronto em {seconds} s, {times} vezes mais rápido do que toca.',
    clipped: 'O pico de {peak} dB passa do máximo e foi cortado: abaixe Level ou escolha flutuante.',
    cancelled: 'Cancelado.',
    isEmpty: '{name} está vazio.',
    isTooLarge: '{name} tem mais de 1 GiB, mais do que esta página comporta.',
    isTooLong: '{name} daria um arquivo de mais de 4 GiB, o que o WAV não permite.',
    isNoSound: '{name} não contém som que este navegador consiga ler.',
    clipMissing: 'O trecho não está onde deveria: a pasta clips/ está ao lado da página?',
    noMicrophone: 'Não há microfone, ou esta página não pode usá-lo.',
    notSecure: 'Navegadores só tocam isto por https, desta máquina ou de um arquivo no seu disco.',
    failed: 'Isso não funcionou: {reason}',
    help: 'Arraste um botão para cima ou para baixo, com Shift para passos pequenos; dois cliques o devolvem ao início. Teclas: Tab, setas, Home, End. O endereço desta página guarda a posição dos botões.',
    privacy: 'Nada sai da sua máquina: tudo é calculado aqui. Arquivos de 44,1 a 192 kHz tocam e são processados na própria taxa; os demais, a 48 kHz.',
    legal: 'Licença MIT. Sem vínculo com fabricantes de pedais.'
  }
}

let language = 'en'

// Adds texts, by name, to a language.
export function learn (code, texts) {
  Object.assign(TEXTS[code], texts)
}

export function text (name, values = {}) {
  return TEXTS[language][name].replace(/\{(\w+)\}/g, (_, key) => values[key])
}

// Has an element say a text, in whatever language.
export function write (element, name) {
  element.dataset.text = name
  element.textContent = text(name)
}

// Puts the texts where the document's data-text attributes ask for them.
export function speak (code) {
  language = code === 'pt' ? 'pt' : 'en'
  document.documentElement.lang = language
  document.title = text('title')
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = text(element.dataset.text)
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', text(element.dataset.label))
  }
}

export function otherLanguage () {
  return language === 'en' ? 'pt' : 'en'
}
