import { test } from 'uvu'
import { killsIn, ofOneHost } from './kills.ts'

killsIn(ofOneHost, 'node-frozen')

test.run()
