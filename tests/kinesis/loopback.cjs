// SPDX-License-Identifier: Apache-2.0
// node --require loopback.cjs PROGRAM: whatever the program listens on is on loopback. kinesis-local knows no option for it.
'use strict'
const { Server } = require('net')

const listen = Server.prototype.listen
Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object' && first.port !== undefined) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest)
  }
  if (first !== undefined && first !== null && Number.isInteger(Number(first))) {
    const others = rest.filter(argument => typeof argument !== 'string')
    return listen.call(this, { port: Number(first), host: '127.0.0.1' }, ...others.filter(argument => typeof argument === 'function'))
  }
  return listen.call(this, first, ...rest)
}
