// SPDX-License-Identifier: MIT
// Failures and their reasons.

// An error that the page shows in the visitor's language: its message names a text of text.js.
// `cause` is the error behind it, if any, and `values` fill the text's places.
export class Refusal extends Error {
  constructor (name, { cause, values = {} } = {}) {
    super(name)
    this.cause = cause
    this.values = values
  }
}

// Returns the messages of an error and of the errors behind it, the first one first.
export function reasonOf (error) {
  const reasons = []
  for (let e = error; e; e = e.cause) {
    reasons.push(e.message || e.name || String(e))
  }
  return reasons.join(': ')
}
