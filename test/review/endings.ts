/** Deployments that are over, as they are announced. */
import { heldOutcome } from '../../scripts/lib/deployment/hold.ts'
import type { HostOutcome, Outcome } from '../../scripts/lib/deployment/outcome.ts'
import type { Surroundings } from '../../scripts/lib/review/deployment-announcement.ts'
import type { Ending } from '../../scripts/lib/review/deployment-end.ts'
import { nasty } from './reviews.ts'

export const deployed = 'a1b2c3d'.padEnd(40, '0')
export const commit = '9e8d7c6'.padEnd(40, '0')
const later = '5f6a7b8'.padEnd(40, '0')

export const around: Surroundings = {
  run: 'https://github.example/o/r/actions/runs/7',
  repository: 'https://github.example/o/r',
  revert: 'made',
}

const fine: HostOutcome = { outcome: 'unchanged', detail: 'as wanted' }

const applied: Outcome = {
  format: 1,
  lab: 'example',
  rollout: '3f9c2ab1'.padEnd(64, '0'),
  commit,
  exit: 0,
  hosts: {
    pve1: { outcome: 'applied', detail: 'step 1 confirmed' },
    pve2: { outcome: 'applied', detail: 'steps 2, 3 confirmed' },
    pve3: fine,
  },
  steps: [1, 2, 3].map((id) => ({ id, outcome: 'confirmed', detail: 'confirmed' })),
  failure: null,
}

const reverted: Outcome = {
  ...applied,
  exit: 3,
  hosts: {
    pve1: { outcome: 'reverted', detail: 'step 1 taken back' },
    pve2: { outcome: 'reverted', detail: 'step 2 taken back, step 3 not begun', notBegun: [3] },
    pve3: { outcome: 'unchanged', detail: 'step 4 not begun', notBegun: [4] },
  },
  steps: [
    { id: 1, outcome: 'reverted', detail: 'confirmed, and taken back later' },
    {
      id: 2,
      outcome: 'reverted',
      detail: 'keepalived.service is not active',
      faults: ['pve2: keepalived.service is failed', 'router/51: nobody has the address'],
    },
    { id: 3, outcome: 'not-started', detail: 'not begun' },
    { id: 4, outcome: 'not-started', detail: 'not begun' },
  ],
  failure: {
    what: 'keepalived.service is not active',
    where: 'pve2',
    now: 'step 2 was taken back by the deployer, and step 1 after it',
    next: 'see what the unit said, mend the lab, and deploy again',
  },
  logs: ['pve2: journalctl -u keepalived --since "2026-01-01 10:00:00"'],
}

const person: Outcome = {
  ...reverted,
  exit: 4,
  hosts: {
    pve1: { outcome: 'applied', detail: 'step 1 confirmed, step 4 not begun', notBegun: [4] },
    pve2: { outcome: 'unknown', detail: 'step 2: no answer since it was activated' },
    pve3: { outcome: 'applied', detail: 'step 3 confirmed' },
  },
  steps: [
    { id: 1, outcome: 'confirmed', detail: 'confirmed' },
    { id: 2, outcome: 'unknown', detail: 'no answer', ha: 'disarmed' },
    { id: 3, outcome: 'confirmed', detail: 'confirmed' },
    { id: 4, outcome: 'not-started', detail: 'not begun' },
  ],
  failure: {
    what: 'pve2 does not answer',
    where: 'pve2',
    now: 'pve1 and pve3 hold the new settings',
    next: 'look at pve2 on its console',
  },
  edits: [
    {
      host: 'pve2',
      path: '/etc/motd',
      kind: 'edited',
      from: 'deployed',
      hunks: '@@ -1 +1 @@\n-one\n+two\n',
      why: null,
    },
  ],
}

const carries = [
  { commit: later, subject: 'another port' },
  { commit, subject: 'a password' },
]

function hostile(): Outcome {
  const words = nasty.join(' ')
  return {
    ...person,
    lab: nasty.join(''),
    hosts: Object.fromEntries(nasty.map((text) => [text, { outcome: 'unknown', detail: words } as const])),
    steps: nasty.map((text, index) => ({ id: index + 1, outcome: 'unknown', detail: text, faults: [words, text] })),
    failure: { what: words, where: nasty.join(''), now: words, next: words },
    logs: nasty,
    edits: nasty.map((text) => ({
      host: text,
      path: `/${words}`,
      kind: 'foreign',
      from: 'wanted',
      hunks: `${words}\n`,
      why: null,
    })),
    held: { unfinished: commit, deployed, carries: nasty.map((text) => ({ commit: later, subject: text })) },
  }
}

const ended = (outcome: Outcome): Ending => ({ outcome, commit: outcome.commit, exit: String(outcome.exit) })
const unchanged = { ...applied, hosts: { pve1: fine, pve2: fine, pve3: fine }, steps: [] }

/** By what each is about. */
export const endings: Readonly<Record<string, Ending>> = {
  applied: ended(applied),
  nothing: ended(unchanged),
  reverted: ended(reverted),
  person: ended(person),
  held: ended(heldOutcome('example', later, { unfinished: commit, deployed, carries })),
  'broke-off': { outcome: null, commit, exit: null },
  untouched: { outcome: null, commit, exit: 'skipped' },
  hostile: ended(hostile()),
}
