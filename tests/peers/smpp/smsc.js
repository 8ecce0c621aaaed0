// An SMSC on the npm package `smpp`. The last digit of a number picks the outcome; lines of JSON on stdin tell it more:
//   {"answer_ms": 20}        how long a submit waits for its answer
//   {"receipts": "late"}     after (at once, the default), late (with late_ms), before (the answer), twice, never
//   {"throttle_above": 100}  submits a second; those above are refused with ESME_RTHROTTLED
//   {"silent": true}         submits are taken and never answered
//   {"bind_status": 14}      binds are refused
//   {"unbind_on_submit": true}
//   {"report": true}         what it has seen, as a line of JSON on stdout
'use strict';
const smpp = require('./npm/node_modules/smpp');

const STATES = { 1: ['UNDELIV', 5], 2: ['REJECTD', 8], 3: ['EXPIRED', 3] };
const REFUSED = { 7: smpp.ESME_RTHROTTLED, 8: smpp.ESME_RINVDSTADR };
const told = { answer_ms: 0, receipts: 'after', late_ms: 1000, throttle_above: 0, silent: false, bind_status: 0, unbind_on_submit: false };
const seen = { binds: 0, submits: 0, taken: 0, most_open: 0, receipts: 0, confirmed: 0, numbers: {} };
const bound = new Set();
let second = 0, inSecond = 0;

function isThrottled() {
  const now = Math.floor(Date.now() / 1000);
  [second, inSecond] = [now, now === second ? inSecond + 1 : 1];
  return told.throttle_above > 0 && inSecond > told.throttle_above;
}

// To whoever is bound by now: after a fall of the link, receipts go to the next bind, and wait for it.
function report(taken) {
  const session = [...bound].pop();
  if (!session) return void setTimeout(report, 100, taken);
  const [word, state] = STATES[taken.number.slice(-1)] || ['DELIVRD', 2];
  seen.receipts += 1;
  session.unconfirmed.add(taken);
  session.deliver_sm({
    source_addr: taken.number, destination_addr: taken.from, esm_class: 4,
    receipted_message_id: taken.id, message_state: state, user_message_reference: taken.reference,
    short_message: `id:${taken.id} sub:001 dlvrd:001 submit date:2611230000 done date:2611230001 stat:${word} err:000 text:`,
  }, (answer) => {
    session.unconfirmed.delete(taken);
    if (answer.command_status === 0) seen.confirmed += 1; else setTimeout(report, 500, taken);
  });
}

function submitted(session, pdu) {
  seen.submits += 1;
  session.open += 1;
  seen.most_open = Math.max(seen.most_open, session.open);
  const answer = (fields) => { session.open -= 1; session.send(pdu.response(fields)); };
  if (told.unbind_on_submit) return void session.unbind();
  const last = pdu.destination_addr.slice(-1);
  const status = isThrottled() ? smpp.ESME_RTHROTTLED : REFUSED[last] || 0;
  if (status) return void answer({ command_status: status });
  const taken = {
    id: String(++seen.taken).padStart(8, '0'), number: pdu.destination_addr, from: pdu.source_addr,
    reference: pdu.user_message_reference,
  };
  seen.numbers[taken.number] = (seen.numbers[taken.number] || 0) + 1;
  if (told.receipts === 'before') report(taken);
  if (!told.silent && last !== '9') setTimeout(answer, told.answer_ms, { message_id: taken.id });
  const copies = { after: 1, late: 1, twice: 2 }[told.receipts] || 0;
  for (let i = 0; i < copies; i++) setTimeout(report, told.answer_ms + (told.receipts === 'late' ? told.late_ms : 0), { ...taken });
}

const server = smpp.createServer({}, (session) => {
  session.open = 0;
  session.unconfirmed = new Set();
  session.on('error', () => {});
  session.on('close', () => {
    bound.delete(session);
    for (const taken of session.unconfirmed) setTimeout(report, 100, taken); // brought again, to the next bind
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { bound.delete(session); session.send(pdu.response()); session.close(); });
  session.on('bind_transceiver', (pdu) => {
    seen.binds += 1;
    const status = told.bind_status || (pdu.password === 'password' ? 0 : smpp.ESME_RINVPASWD);
    if (!status) bound.add(session);
    session.send(pdu.response({ command_status: status, system_id: 'SMSC' }));
  });
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('query_sm', (pdu) => session.send(pdu.response({ message_id: pdu.message_id, message_state: 2 })));
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const word = JSON.parse(line);
  if (word.report) console.log(JSON.stringify(seen)); else Object.assign(told, word);
}).on('close', () => process.exit(0));
