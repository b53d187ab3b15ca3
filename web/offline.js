// SPDX-License-Identifier: MIT
// The service worker: keeps the page and its clips, so that it opens without a network. What the network gives comes
// first, so that the kept copy is never the reason for an old page.

const CACHE = 'od3'
const KEPT = ['./', 'clips/guitar.js', 'clips/bass.js', 'clips/teacher.js', 'manifest.webmanifest', 'icon.svg']

addEventListener('install', (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT))))
addEventListener('activate', (event) => event.waitUntil(clients.claim()))

// Resolves to the network's answer, which is kept, or to the kept one when there is no network.
async function answer (request) {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(request)
    if (response.ok) {
      await cache.put(request, response.clone())
    }
    return response
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true })
    if (!kept) {
      throw error
    }
    return kept
  }
}

addEventListener('fetch', (event) => {
  const isKept = KEPT.some((path) => new URL(path, registration.scope).href === event.request.url.split(/[?#]/)[0])
  if (event.request.method === 'GET' && isKept) {
    event.respondWith(answer(event.request))
  }
})
