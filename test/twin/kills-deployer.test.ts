import { test } from 'uvu'
import { killsIn, ofOneHost } from './kills.ts'

killsIn(ofOneHost, 'deployer-killed')

test.run()
