/** What can be said about a template before any value is known: the names it asks for, and what it may not do. */

/** A node of nunjucks' syntax tree; lines count from 0. */
export interface Node {
  readonly typename: string
  readonly lineno: number
  readonly fields: readonly string[]
  readonly children?: readonly Node[]
  readonly [field: string]: unknown
}

export interface Inspected {
  /** Names that must be given, at their first place. */
  readonly free: readonly { readonly name: string; readonly line: number }[]
  /** Members and filters by name, and the lines they are used on. */
  readonly members: ReadonlyMap<string, readonly number[]>
  readonly faults: readonly { readonly line: number; readonly problem: string }[]
}

/** `filters`: those that may be used, and how many arguments each may have. */
export function inspectTemplate(root: Node, filters: Readonly<Record<string, number>>): Inspected {
  const free = new Map<string, number>()
  const members = new Map<string, number[]>()
  const faults: { line: number; problem: string }[] = []

  function visit(node: unknown, known: Set<string>): void {
    if (Array.isArray(node)) node.forEach((child) => visit(child, known))
    if (!isNode(node)) return
    const line = node.lineno + 1
    const rule = rules[node.typename]
    if (rule === undefined) faults.push({ line, problem: refusal(node.typename) })
    else rule(node, line, known)
  }

  function fields(node: Node, _line: number, known: Set<string>): void {
    visit(node.children, known)
    for (const field of node.fields) if (field !== 'children') visit(node[field], known)
  }

  /** What is set inside stays inside: outside nobody knows whether it was run. */
  function inside(node: unknown, known: Set<string>, more: readonly string[] = []): void {
    visit(node, new Set([...known, ...more]))
  }

  function note(name: string, line: number): void {
    members.set(name, [...(members.get(name) ?? []), line])
  }

  function callFilter(node: Node, line: number, known: Set<string>): void {
    const name = String((node['name'] as Node)['value'])
    const args = (node['args'] as Node).children ?? []
    const most = Object.hasOwn(filters, name) ? filters[name] : undefined
    if (most === undefined) {
      faults.push({ line, problem: `the filter "${name}" is not there; there is ${Object.keys(filters).join(', ')}` })
    } else if (args.length > most + 1) {
      faults.push({ line, problem: `the filter "${name}" takes at most ${most} arguments` })
    }
    note(name, line)
    visit(args, known)
  }

  const rules: Readonly<Record<string, (node: Node, line: number, known: Set<string>) => void>> = {
    ...Object.fromEntries(plain.map((name) => [name, fields])),
    Literal: () => {},
    TemplateData: () => {},
    Symbol: (node, line, known) => {
      const name = String(node['value'])
      if (!known.has(name) && !free.has(name)) free.set(name, line)
    },
    LookupVal: (node, line, known) => {
      const member = node['val'] as Node
      if (member.typename === 'Literal') note(String(member['value']), line)
      visit([node['target'], member], known)
    },
    Filter: callFilter,
    Is: (_node, line) => faults.push({ line, problem: 'tests ("is …") cannot be used; compare with == none instead' }),
    If: (node, _line, known) => {
      visit(node['cond'], known)
      inside(node['body'], known)
      inside(node['else_'], known)
    },
    For: (node, _line, known) => {
      visit(node['arr'], known)
      const name = node['name'] as Node
      const names = (name.children ?? [name]).map((one) => String(one['value']))
      inside(node['body'], known, [...names, 'loop'])
      inside(node['else_'], known)
    },
    Set: (node, line, known) => {
      if (node['value'] === null || node['value'] === undefined) {
        faults.push({ line, problem: 'a block cannot be set; set a value' })
        return
      }
      visit(node['value'], known)
      for (const target of node['targets'] as readonly Node[]) known.add(String(target['value']))
    },
  }

  visit(root, new Set())
  return { free: [...free].map(([name, line]) => ({ name, line })), members, faults }
}

/** Allowed, and nothing but their children matters. */
const plain = [
  'Root',
  'NodeList',
  'Output',
  'Group',
  'Array',
  'InlineIf',
  'And',
  'Or',
  'Not',
  'In',
  'Compare',
  'CompareOperand',
]

function refusal(kind: string): string {
  if (kind === 'Concat' || kind === 'Add') return '"~" and "+" cannot be used: put two {{ }} side by side'
  if (['Sub', 'Mul', 'Div', 'FloorDiv', 'Mod', 'Pow', 'Neg', 'Pos'].includes(kind)) return 'templates do not compute'
  if (kind === 'FunCall') return 'nothing can be called'
  return `"${kind}" cannot be used in a template; there is {{ }}, if, for, set and a few filters`
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).typename === 'string'
}
