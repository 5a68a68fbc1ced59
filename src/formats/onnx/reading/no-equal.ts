/** A node that has no equal here; with all others of its file it is one `InputError`. */
export class NoEqual extends Error {}
