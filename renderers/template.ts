/**
 * The one nunjucks environment, made strict: a name nobody gave, nothing, a list or a map never reaches a file, no value can add a line,
 * and templates can neither compute nor call. A hole comes out as a segment of its own, or the template is refused.
 */
import nunjucks from 'nunjucks'
import { holeName, holesIn, seal, segmentsOf, sentinels, type Hole } from './hole.ts'
import type { Text } from './renderer.ts'
import { list, loopable, member, Misuse, printable, refuseInFilter } from './template-guard.ts'
import { inspectTemplate, type Inspected, type Node } from './template-inspection.ts'

export interface Template {
  /** Its path, for messages. */
  readonly name: string
  readonly text: string
}

export type { Hole }

/** What is wrong with a template or with a value that it prints; the message names template, line and variable. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly template: string
  /** From 1; null where nunjucks does not say. */
  readonly line: number | null
  readonly problem: string

  constructor(name: string, line: number | null, problem: string) {
    super(`${name}${line === null ? '' : `:${line}`}: ${problem}`)
    this.template = name
    this.line = line
    this.problem = problem
  }
}

/**
 * The template's text with the values in it. Holes may stand anywhere in the values; each must be printed, whole and at least once.
 * Deterministic; throws a TemplateError.
 */
export function template(file: Template, values: object): Text {
  const { compiled, inspected } = hold(file)
  for (const { name, line } of inspected.free) {
    if (!Object.hasOwn(values, name)) {
      throw new TemplateError(file.name, line, `"${name}" is not defined; there is ${list(Object.keys(values))}`)
    }
  }
  const text = segmentsOf(render(file, compiled, inspected, values))
  if (text === null) throw new TemplateError(file.name, null, 'a hole was cut')
  const printed = new Set(text.filter((part) => typeof part !== 'string').map(seal))
  for (const hole of holesIn(values)) {
    if (!printed.has(seal(hole))) throw new TemplateError(file.name, null, `${holeName(hole)} is never printed`)
  }
  return text
}

/** What a filter may be told, at most, besides its input. Filters that look up attributes by name are left out: they reach constructors. */
const filters: Readonly<Record<string, number>> = {
  first: 0,
  join: 1,
  last: 0,
  length: 0,
  lower: 0,
  replace: 2,
  reverse: 0,
  sort: 0,
  trim: 0,
  upper: 0,
}

interface Held {
  readonly compiled: nunjucks.Template
  readonly inspected: Inspected
}

const environment = strictEnvironment()
const held = new Map<string, Held>()

function hold(file: Template): Held {
  const key = `${file.name}\n${file.text}`
  const known = held.get(key)
  if (known !== undefined) return known
  const made = compile(file)
  held.set(key, made)
  return made
}

function compile(file: Template): Held {
  if (sentinels.test(file.text)) throw new TemplateError(file.name, null, 'it holds a character reserved for holes')
  const inspected = inspectTemplate(parse(file), filters)
  const fault = inspected.faults[0]
  if (fault !== undefined) throw new TemplateError(file.name, fault.line, fault.problem)
  return { compiled: new nunjucks.Template(file.text, environment, file.name, true), inspected }
}

function parse(file: Template): Node {
  const { parser } = nunjucks as unknown as {
    parser: { parse(text: string, extensions: readonly never[], options: object): Node }
  }
  try {
    return parser.parse(file.text, [], { trimBlocks: true, lstripBlocks: true })
  } catch (error) {
    const { message, lineno } = error as Error & { lineno?: number }
    throw new TemplateError(file.name, lineno ?? null, message.replace(/\s+/g, ' ').trim())
  }
}

function render(file: Template, compiled: nunjucks.Template, inspected: Inspected, values: object): string {
  try {
    return compiled.render(values)
  } catch (error) {
    if (!(error instanceof Misuse)) throw error
    const line = error.lineno > 0 ? error.lineno : (inspected.members.get(error.member ?? '')?.[0] ?? null)
    throw new TemplateError(file.name, line, error.message)
  }
}

function strictEnvironment(): nunjucks.Environment {
  const made = new nunjucks.Environment(null, {
    autoescape: false,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
    // Only so that errors come out as they were thrown.
    dev: true,
  })
  for (const name of Object.keys(filters)) {
    const filter = made.getFilter(name) as (...input: unknown[]) => unknown
    made.addFilter(name, (...input: unknown[]) => {
      for (const value of input) refuseInFilter(name, value)
      return filter(...input)
    })
  }
  // The compiled templates ask these three for every value they print, look into or loop over.
  Object.assign(nunjucks.runtime, { ensureDefined: printable, memberLookup: member, fromIterator: loopable })
  return made
}
