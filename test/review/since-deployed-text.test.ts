import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  deployedText,
  journeyText,
  undeployedText,
  unfinishedText,
} from '../../scripts/lib/review/since-deployed-text.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)
const commits = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    commit: String(index).padStart(40, 'c'),
    subject: `subject ${index}`,
  }))

test('what waits is listed, ten at most, and the rest is counted', () => {
  const text = deployedText({ deployed: a, ahead: commits(12), behind: [] })
  assert.match(
    text,
    'all hosts were last brought to aaaaaaa; 12 later commits that touch the lab:\n  ccccccc subject 0\n',
  )
  assert.match(text, /subject 9\n {2}… and 2 more\n$/)
  assert.is(
    deployedText({ deployed: a, ahead: [], behind: [] }),
    'all hosts were last brought to aaaaaaa; no later commit touches the lab\n',
  )
  assert.match(
    deployedText({ deployed: null, ahead: [], behind: [] }),
    'git fetch origin "+refs/quorate/*:refs/quorate/*"',
  )
  assert.is(deployedText(null), '')
})

test('a deployment that is not over is named with what it means', () => {
  assert.is(unfinishedText(null), '')
  assert.match(
    unfinishedText(b),
    'the deployment of bbbbbbb has not ended with all hosts there (refs/quorate/unfinished)',
  )
})

test('a base that the hosts are at is nothing to tell', () => {
  assert.is(undeployedText({ deployed: a, ahead: [], behind: commits(1) }), '')
  assert.is(undeployedText({ deployed: null, ahead: [], behind: [] }), '')
  assert.is(undeployedText(null), '')
})

test('a deployment says from where to where it goes, what comes and what goes', () => {
  const one = commits(1)
  const says = (ahead: typeof one, behind: typeof one, deployed: string | null = a) =>
    journeyText({ deployed, ahead, behind }, b, false)
  assert.is(says(one, []), 'goes from aaaaaaa to bbbbbbb; 1 commit that touches the lab:\n  ccccccc subject 0\n')
  assert.is(says([], one), 'goes from aaaaaaa back to bbbbbbb; takes back 1 commit:\n  ccccccc subject 0\n')
  assert.match(
    says(one, one),
    /^goes from aaaaaaa to bbbbbbb; 1 commit that touches the lab:\n.*\ntakes back 1 commit:\n/,
  )
  assert.is(says([], []), 'goes from aaaaaaa to bbbbbbb; no commit in between touches the lab\n')
  assert.match(says([], [], null), 'goes to bbbbbbb; from where is not known')
  assert.is(journeyText(null, null, false), 'what is deployed is in no commit\n')
})

test('a subject moves no cursor', () => {
  const ahead = [{ commit: a, subject: 'x\u001b[2J\u202e' }]
  assert.match(undeployedText({ deployed: b, ahead, behind: [] }), '  aaaaaaa x‹U+001B›[2J‹U+202E›\n')
})

test.run()
