-- Mutations of the source, each with the tests of which one has to fail. mutant(folder, title, old, new, tests): `old`
-- is in exactly one file of the folder, once (run.lua knows where a folder is). untestable(folder, title, old, reason):
-- a check that no test can show to be needed, and why. After a change of the code that one of them has in it: change it
-- here too, and run it (make mutants ONLY='a part of its title').
local list = {}

local function mutant(folder, title, old, new, tests)
  list[#list + 1] = {folder = folder, title = title, old = old, new = new, tests = tests}
end

local function untestable(folder, title, old, reason)
  list[#list + 1] = {folder = folder, title = title, old = old, untestable = reason}
end

-- --- channel: indices and needs ---

mutant('channel', 'a tail between two words', 'tail - w->tail > w->published - w->tail || (tail & 7)',
  'tail - w->tail > w->published - w->tail', 'channel.records')
mutant('channel', 'a tail beyond what was published', 'tail - w->tail > w->published - w->tail || (tail & 7)',
  'tail & 7', 'channel.records')
mutant('channel', 'a head between two words', 'filled < r->head - r->tail || (head & 7)', 'filled < r->head - r->tail',
  'channel.records')
mutant('channel', 'more in the ring than it holds', 'if (filled > r->capacity || ', 'if (', 'channel.ring')
mutant('channel', 'a head that goes back', 'filled < r->head - r->tail || (head & 7)', '(head & 7)', 'channel.ring')
untestable('channel', 'the fence of publishing', 'atomic_store_explicit(&w->words->head, w->head, memory_order_seq_cst)',
  'x86 orders them nearly always by itself; model.ring fails without any of these fences')
untestable('channel', 'the fence of giving back', 'atomic_store_explicit(&r->words->tail, r->read, memory_order_seq_cst)',
  'x86 orders them nearly always by itself; model.ring fails without any of these fences')
untestable('channel', 'the fence of arming', 'atomic_store_explicit(need, value, memory_order_seq_cst)',
  'x86 orders them nearly always by itself; model.ring fails without any of these fences')
mutant('channel', 'bytes before their index', 'atomic_store_explicit(&w->words->head, w->head, memory_order_release)',
  'atomic_store_explicit(&w->words->head, w->head, memory_order_relaxed)', 'tsan:channel.fences')
mutant('channel', 'an index before its bytes', 'uint64_t head = atomic_load_explicit(&r->words->head, order)',
  'uint64_t head = atomic_load_explicit(&r->words->head, ((void)order, memory_order_relaxed))', 'tsan:channel.fences')
mutant('channel', 'room before it is read', 'uint64_t tail = atomic_load_explicit(&w->words->tail, order)',
  'uint64_t tail = atomic_load_explicit(&w->words->tail, ((void)order, memory_order_relaxed))', 'tsan:channel.fences')
mutant('channel', 'a look after arming', 'return look(channel, t, memory_order_seq_cst);',
  'return 0 * look(channel, (target){0}, memory_order_seq_cst);', 'channel.records')
untestable('channel', 'the strength of the look after arming', 'return look(channel, t, memory_order_seq_cst);',
  'as an acquire it is the same instruction on x86 and ARM; the model has it')
mutant('channel', 'one bell for one need', 'if (!(need & PAR_NEED_ARMED) || need == *rung) return false;',
  'if (!(need & PAR_NEED_ARMED)) return false;', 'channel.records')
mutant('channel', 'no bell before the need is reached',
  'if ((int64_t)(index - (need & ~(uint64_t)7)) < 0) return false;', '', 'channel.records')
mutant('channel', 'a message in hand is not given back',
  'if (channel->held == PAR_HELD_IN_PLACE(channel) || in->tail == in->read) return;',
  'if (in->tail == in->read) return;', 'channel.records')
mutant('channel', 'an interrupt before the sleep',
  'if (!owner->interrupted || !owner->interrupted(owner->context)) return PAR_OK;', 'if (owner) return PAR_OK;',
  'channel.hostile')

-- --- channel: records ---

mutant('channel', 'unknown flags', 'if (flags & ~(PAR_RECORD_INTERNAL | PAR_RECORD_CONTROL) || ', 'if (', 'channel.records')
mutant('channel', 'a message with the flag of a payload', ' || (control && !internal)) return PAR_E_CORRUPT;',
  ') return PAR_E_CORRUPT;', 'channel.records')
mutant('channel', 'a length beyond any message', 'if (len > PAR_MESSAGE_MAX_BYTES) return PAR_E_CORRUPT;', '',
  'channel.records')
mutant('channel', 'a long record that is none of those',
  'else if (kind != PAR_INTERNAL_BYTES || rx->payloads.n >= PAR_PAYLOADS_MAX)',
  'else if (rx->payloads.n >= PAR_PAYLOADS_MAX)', 'channel.records')
mutant('channel', 'too many payloads, the last a long one',
  'kind != PAR_INTERNAL_BYTES || rx->payloads.n >= PAR_PAYLOADS_MAX', 'kind != PAR_INTERNAL_BYTES', 'channel.records')
mutant('channel', 'too many payloads in the ring',
  'if (channel->rx.payloads.n >= PAR_PAYLOADS_MAX) return PAR_E_CORRUPT;\n' ..
    '    par_blob *blob = par_os_blob_new(len, false);', 'par_blob *blob = par_os_blob_new(len, false);', 'channel.records')
mutant('channel', 'too many payloads lent',
  'if (channel->rx.payloads.n >= PAR_PAYLOADS_MAX) return PAR_E_CORRUPT;\n    int rc = par_payloads_reserve',
  'int rc = par_payloads_reserve', 'channel.records')
mutant('channel', 'too many payloads to be sent', 'if (n > PAR_PAYLOADS_MAX)', 'if (n > 2 * PAR_PAYLOADS_MAX)',
  'channel.records')
mutant('channel', 'the size of a record', 'if (len != size) return false;', 'if (len < size) return false;',
  'channel.bounds')
mutant('channel', 'roll-back of a record', 'channel->in.read -= total; /* a want of ours', '(void)0; /* a want of ours',
  'faults.memory')
mutant('channel', 'roll-back of a kept message', 'channel->in.read -= par_record_total(from->len);', '',
  'faults.memory')
mutant('channel', 'roll-back of the counters', 'channel->stats.received_messages--;', '', 'faults.memory')
mutant('channel', 'roll-back in a long message', 'rx->left += n;\n                return PAR_E_NOMEM;',
  'return PAR_E_NOMEM;', 'faults.memory')
mutant('channel', 'room for a lend before it is taken',
  'int rc = par_payloads_reserve(&channel->rx.payloads); /* a lend', 'int rc = PAR_OK; /* a lend', 'faults.memory')
mutant('channel', 'a message that was released is not put back',
  'if (!message->held || message->held != channel->held)', 'if (!message->held)', 'channel.records')

-- --- channel: the inbox, and those who talk without end ---

mutant('channel', 'the limit of the inbox', 'if (bytes > channel->inbox_limit) return PAR_E_FULL;', '', 'channel.flood')
mutant('channel', 'the inbox alone is limited', 'int may = limited ? par_records_may_take(channel) : PAR_OK;',
  'int may = limited || 1 ? par_records_may_take(channel) : PAR_OK;', 'channel.flood')
mutant('channel', 'the memory of a control message', 'return heap > channel->control_limit ? PAR_E_NOMEM : PAR_OK;',
  'return heap == 1 ? PAR_E_NOMEM : PAR_OK;', 'channel.bounds')
mutant('channel', 'the last words of one who ended', 'if (channel->in.ended) return PAR_OK;', '', 'channel.flood')
mutant('channel', 'a message in the making counts',
  '*(rx->parcel->kind < PAR_KIND_CONTROL ? &bytes : &heap) += rx->parcel->bytes.len;', '(void)heap;', 'channel.bounds')
mutant('channel', 'a payload in the making counts', '*(rx->control ? &heap : &bytes) += rx->payload.len;', '(void)heap;',
  'channel.bounds')
mutant('channel', 'payloads of a control message do not count', 'if (control) rx->control_bytes += waits;', '',
  'channel.bounds')
mutant('channel', 'what is handed out counts no more',
  'par_parcel *parcel = channel->inbox;\n    channel->inbox = parcel->next;\n' ..
    '    if (!channel->inbox) channel->inbox_end = &channel->inbox;\n    count_parcel(channel, parcel, -1);',
  'par_parcel *parcel = channel->inbox;\n    channel->inbox = parcel->next;\n' ..
    '    if (!channel->inbox) channel->inbox_end = &channel->inbox;', 'channel.flood')
mutant('channel', 'a long record in parts', 'if ((int64_t)(in->read - enough) >= 0) return PAR_NOTICE;', '', 'channel.bounds')
mutant('channel', 'records that are no messages', 'i < STEPS_AT_ONCE && rc == PAR_NOTICE', 'rc == PAR_NOTICE', 'channel.bounds')
mutant('channel', 'messages taken in while one waits', 'while ((int64_t)(channel->in.read - enough) < 0) {\n        int rc = par_inbox',
  'while (enough) {\n        int rc = par_inbox', 'channel.bounds')
mutant('channel', 'the time, while messages come', 'if (deadline_ns != PAR_NEVER && par_os_now_ns() >= deadline_ns)',
  'if (deadline_ns == 1)', 'channel.bounds')
mutant('channel', 'a quiet one beside a busy one', 'if (selector->n_warm < selector->n) sleep_over(selector, 0);', '',
  'channel.bounds')

-- --- channel: segments and lends ---

mutant('channel', 'more released than was lent', 'record->lends == 0 || record->lends > export->lends',
  'record->lends == 0', 'channel.records')
mutant('channel', 'nothing released', 'record->lends == 0 || record->lends > export->lends',
  'record->lends > export->lends', 'channel.records')
mutant('channel', 'the length of a lend',
  'record->bytes > segment->bytes || record->offset > segment->bytes - record->bytes',
  'record->offset > segment->bytes - record->bytes', 'channel.records')
mutant('channel', 'the offset of a lend',
  'record->bytes > segment->bytes || record->offset > segment->bytes - record->bytes', 'record->bytes > segment->bytes',
  'channel.records')
mutant('channel', 'a lend in another mode', 'if (record->mode != segment->mode) return PAR_E_CORRUPT;', '',
  'channel.records')
mutant('channel', 'a segment id that is taken', 'record->id == 0 || known || ', '(record->id == 0 && !known) || ',
  'channel.records')
mutant('channel', 'a segment without an id', 'record->id == 0 || known || ', 'known || ', 'channel.records')
mutant('channel', 'a mode that nobody knows', 'known || record->mode > PAR_LEND_MODE_MAX || ', 'known || ',
  'channel.records')
mutant('channel', 'segments without end',
  'record->mode > PAR_LEND_MODE_MAX || channel->lends.imports.n >= PAR_SEGMENTS_PER_PEER_MAX',
  'record->mode > PAR_LEND_MODE_MAX', 'channel.records')
mutant('channel', 'the size of a segment', 'if (bytes != record->bytes) return PAR_E_CORRUPT;', '', 'channel.records')
mutant('channel', 'a segment in use is forgotten', 'if (!segment || segment->refs) return PAR_E_CORRUPT;',
  'if (!segment) return PAR_E_CORRUPT;', 'channel.records')
mutant('channel', 'the descriptor of a refused segment', 'if (rc == PAR_E_CORRUPT) par_os_close(fd);', '',
  'channel.records')
mutant('channel', 'a descriptor is kept for another try',
  'if (rc != PAR_OK && rc != PAR_E_CORRUPT) put_fd_back(channel, fd);', 'if (rc == 1) put_fd_back(channel, fd);',
  'faults.memory')
mutant('channel', 'the descriptor of what is mapped', 'par_os_close(fd);\n        segment->fd = -1;',
  'segment->fd = -1;', 'channel.descriptors')
mutant('channel', 'descriptors that nothing announces',
  'if (fds_full(channel) && all_read(&channel->in)) return PAR_E_CORRUPT;', '', 'channel.descriptors')
mutant('channel', 'descriptors whose records nobody has read', 'if (fds_full(channel) && all_read(&channel->in)) return',
  'if (fds_full(channel)) return', 'channel.room')
mutant('channel', 'a descriptor without room', 'return channel->starved ? PAR_E_LIMIT : PAR_E_CORRUPT;',
  'return PAR_E_CORRUPT;', 'channel.room')
mutant('channel', 'a sleep beside a descriptor without room', 'if (is_stuck(channel)) rc',
  'if (fds_full(channel)) rc', 'channel.room')
mutant('channel', 'a refused mapping is tried again', 'if (rc != PAR_OK) return PAR_E_LIMIT; /* a mapping',
  'if (rc != PAR_OK) return PAR_E_CORRUPT; /* a mapping', 'channel.room faults.channel')
mutant('channel', 'shared storages side by side', 'bytes <= slab_max() / SLAB_STORAGES ?', 'bytes <= SMALLEST ?',
  'channel.pool')
mutant('channel', 'a slab that others lie in', 'if (segment->closed && segment->lent == 0 && segment->refs > 1) par_os',
  'if (segment->refs > 1) par_os', 'channel.pool')
mutant('channel', 'memory between others', 'if (segment->closed && segment->lent == 0 && segment->refs > 1) par_os',
  'if (0) par_os', 'channel.pool')
mutant('channel', 'unused shared segments go', 'while (pool.n_unused_shared > UNUSED_SHARED_MAX) {', 'while (0) {',
  'channel.pool')
mutant('channel', 'segments of a thread that ended', 'par_os_at_thread_end(&at_thread_end);', '', 'asan:lua.states.5.4')
mutant('channel', 'a segment that its borrower took along', 'if (export->lends) segment->spoiled = true;', '',
  'channel.pool')
mutant('channel', 'lends of a message that was not sent',
  'if (job->lent[i]) par_lend_undo(job->channel, job->lent[i]);', '(void)i;', 'channel.bounds')
mutant('channel', 'a segment whose announcement failed',
  'remove_export(channel, find_export(channel, segment));\n    return rc;', 'return rc;', 'faults.memory')
mutant('channel', 'copies on write are dropped', 'if (segment->mode == PAR_LEND_COMMON && !is_as_lent(segment) &&',
  'if (0 &&', 'channel.pool')
mutant('channel', 'a write since the segment was lent is noticed', 'segment->faults && segment->faults == par_os_memory_faults()',
  'segment->faults != 0', 'channel.pool')
mutant('channel', 'a spoiled segment is not used again', 'if (segment->spoiled) {', 'if (0) {', 'channel.pool')
mutant('channel', 'the pool has a limit', 'return pool.total_bytes - pool.shared_bytes + bytes <= cap();',
  'return true;', 'channel.pool')
mutant('channel', 'segments of another mode', 'return segment->mode == mode && segment->bytes >= bytes',
  'return (mode || 1) && segment->bytes >= bytes', 'channel.pool faults.memory')

mutant('channel', 'a descriptor with memory', 'return record->bytes == 0 ? PAR_OK : PAR_E_CORRUPT;', 'return PAR_OK;', 'channel.handover')
mutant('channel', 'a descriptor that is sent is gone here', 'if (mode == PAR_LEND_DESCRIPTOR) { /* it is the peer', 'if (0) { /* it is the peer', 'channel.handover')
mutant('channel', 'a descriptor is taken once', 'segment->fd = -1;\n    return fd;', 'return fd;', 'channel.handover')
mutant('channel', 'which end of a pair is which', '*side = greeting == GREETING_OPENER ? 0 : 1;', '*side = 1;', 'channel.handover')

-- --- channel: sending ---

mutant('channel', 'the rest is kept on an interrupt',
  'if (rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT || rc == PAR_E_SYSTEM) return rc;',
  'if (rc != PAR_E_TIMEOUT) return rc;', 'channel.records')
mutant('channel', 'what cannot be kept breaks the channel', 'channel->failed = PAR_E_NOMEM;', '', 'faults.memory')
mutant('channel', 'a claim that another message voids', 'if (!channel->claimed || channel->claim_at != out->head) {',
  'if (!channel->claimed) {', 'channel.records')
mutant('channel', 'a claim that was ended', 'if (!channel->claimed || channel->claim_at != out->head) {',
  'if (channel->claim_at != out->head) {', 'channel.bounds')
mutant('channel', 'more committed than there is room', 'total > par_writer_room(out) || ', '', 'channel.records')
mutant('channel', 'notices wait for the end of a claim',
  'if (!channel->claimed && channel->notices.len == 0 && put_notice', 'if (channel->notices.len == 0 && put_notice',
  'channel.records')
mutant('channel', 'notices wait for the rest of a message', 'if (channel->mid_record || channel->failed) return false;',
  'if (channel->failed) return false;', 'channel.records')
mutant('channel', 'memory that nobody has written', 'return par_os_memory_taken_up(fd) >= record->bytes / 2;', 'return true;', 'channel.descriptors')
mutant('channel', 'one message in the middle of another', 'channel->owed = tx;', '', 'channel.nested')
mutant('channel', 'the same in a broadcast', 'channel->owed = &d->job.tx;', '', 'channel.nested')
mutant('channel', 'the end of a peer whose socket is full', 'if (rc == PAR_E_TIMEOUT) par_channel_ask_for_end(channel);', '', 'channel.full_socket')
mutant('channel', 'the same for a broadcast', 'if (rc == PAR_E_TIMEOUT) par_channel_ask_for_end(sleepers[i].channel);', '',
  'channel.full_socket')
mutant('channel', 'a slow peer of a broadcast', 'if (rc == PAR_E_AGAIN) {\n            int taken',
  'if (0) {\n            int taken', 'channel.pool')
mutant('channel', 'the greeting\'s descriptor', '    par_os_close(*segment);\n    return par_error_set(err, PAR_E_CORRUPT',
  '    return par_error_set(err, PAR_E_CORRUPT', 'channel.descriptors')
mutant('channel', 'a greeting without room', 'if (par_os_socket_take_fd(socket_fd, segment) != PAR_OK)',
  'if (par_os_socket_take_fd(socket_fd, segment) == 1)', 'channel.room')
mutant('channel', 'the version of a segment', 'if (version != PAR_SEGMENT_VERSION)', 'if (version > 1000)',
  'channel.ring')
mutant('channel', 'the size of a ring', ' || bytes != channel->header_bytes + 2 * ring_bytes)', ')', 'channel.ring')
untestable('channel', 'segments that a peer may have', 'if (channel->lends.exports.n >= PAR_SEGMENTS_PER_PEER_MAX)',
  'the pool holds 512; only a peer that lends us thousands to be handed on gets there')

-- --- the system's side of it ---

mutant('os', 'memory that can shrink', 'if (seals < 0 || !(seals & F_SEAL_SHRINK))', 'if (seals < 0)',
  'channel.descriptors')
mutant('os', 'our memory is sealed for good', '#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)',
  '#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)', 'channel.descriptors')
mutant('os', 'empty memory',
  'if (info.st_size <= 0) return par_error_set(err, PAR_E_CORRUPT, "the peer sent empty shared memory");\n' ..
    '    if ((uintmax_t)info.st_size > SIZE_MAX)\n' ..
    '        return par_error_set(err, PAR_E_LIMIT, "the peer sent more shared memory than fits the address space");\n' ..
    '    *bytes = (size_t)info.st_size;\n    return PAR_OK;\n}\n\n/* --- dropping',
  '*bytes = (size_t)info.st_size;\n    return PAR_OK;\n}\n\n/* --- dropping', 'channel.descriptors')
mutant('os', 'close-on-exec from the first moment', 'flags |= MSG_CMSG_CLOEXEC;', '', 'channel.descriptors')
mutant('os', 'close-on-exec of one that is taken', 'MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC', 'MSG_PEEK | MSG_DONTWAIT',
  'channel.descriptors')
mutant('os', 'a descriptor without room stays', 'recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT', 'recvmsg(fd, &message, MSG_DONTWAIT',
  'channel.room')
mutant('os', 'surplus descriptors', '            else\n                close(fd);', '', 'channel.descriptors')

-- --- codec ---

local C = 'codec.checks.5.4'
mutant('codec', 'the version of a message', 'if (header[0] != PAR_FORMAT_VERSION)', 'if (0)', C)
mutant('codec', 'a dictionary entry that does not exist', 'if (word >= d->words_defined)', 'if (0)', C)
mutant('codec', 'more dictionary entries than announced', 'if (word >= d->words_limit)', 'if (0)', C)
mutant('codec', 'a string longer than the message', 'if (len > par_input_left(d)) return par_corrupt(d, "a string',
  'if (0) return par_corrupt(d, "a string', C)
mutant('codec', 'more strings beside than came', 'if (d->n_strings >= d->n_payloads)',
  'if (d->n_strings > d->n_payloads + 1000000)', 'codec.hostile.5.4')
mutant('codec', 'a string longer than its payload', 'blob->bytes < len) return par_corrupt', '0) return par_corrupt',
  'codec.hostile.5.4')
mutant('codec', 'the header of a flat message', 'if (memcmp(flat->bytes, header, sizeof header) != 0) return false;', '', 'codec.flat.5.4')
mutant('codec', 'a flat value longer than its message', 'if (bytes < 0 || len - at < (size_t)bytes || ', 'if (bytes < 0 || ', 'codec.flat.5.4')
mutant('codec', 'the giant hash part of a flat table', ' || (size_t)1 << copy[at - 1] > flat->len) return false;', ') return false;',
  'codec.flat.5.4')
mutant('codec', 'a giant hash part', 'if (log2 >= 31 || ', 'if (', C)
mutant('codec', 'claims that add up', 'if (entries > d->budget || ', 'if (', C)
mutant('codec', 'nil as a key', 'if (lua_isnil(L, -1)) return par_corrupt(d, "nil as a key");', '', C)
mutant('codec', 'NaN as a key', 'lua_tonumber(L, -1) != lua_tonumber(L, -1)) return', '0) return',
  'codec.hostile.5.4')
mutant('codec', 'a run longer than its table', 'n == 0 || n > filling->n - filling->i || ', 'n == 0 || ', C)
mutant('codec', 'a run longer than the message', ' || n > par_input_left(d) >> shift)', ')', C)
mutant('codec', 'a metatable that is none', 'if (!lua_istable(L, -1)) return par_corrupt(d, "a metatable that',
  'if (0) return par_corrupt(d, "a metatable that', C)
mutant('codec', 'bytes behind the last value',
  'if (d->p != d->end) return par_corrupt(d, "bytes after the last value");', '', C)
mutant('codec', 'a reference to nothing', 'if (low == d->n_refs || d->refs[low] != at)', 'if (low == d->n_refs)', C)
mutant('codec', 'references that were not announced', 'if (!d->refs_index) return par_corrupt',
  'if (0) return par_corrupt', C)
mutant('codec', 'a storage of no type', 'if (head->type >= PAR_TYPE_COUNT || ', 'if (', C)
mutant('codec', 'a storage of no kind', 'head->kind > PAR_STORAGE_SHARED) return false;', '0) return false;', C)
mutant('codec', 'a storage that begins nowhere', 'if (head->first > INT64_MAX || ', 'if (', C)
mutant('codec', 'a storage of 2^64 bytes',
  'return par_checked_mul_size((size_t)head->count, par_type_bytes((par_type)head->type), &head->bytes);',
  'head->bytes = (size_t)head->count * par_type_bytes((par_type)head->type);\n    return true;', C)
mutant('codec', 'a storage longer than the message', ' || par_input_left(d) - pad < head->bytes)', ')', C)
mutant('codec', 'a payload that did not come', 'number >= d->n_payloads) return par_corrupt', '0) return par_corrupt',
  C)
mutant('codec', 'a payload shorter than its storage', 'if (!blob || blob->bytes < head->bytes)', 'if (!blob)', C)
mutant('codec', 'storages that are nowhere', ' || begin > (size_t)(d->end - d->start))', ')', C)
mutant('codec', 'bytes behind the storages', 'if (d->p != d->end) return par_corrupt(d, "bytes after the storages");',
  '', C)
mutant('codec', 'a tensor of no type', 'if (!par_get_u8(d, &head->type) || head->type >= PAR_TYPE_COUNT) return false;',
  'if (!par_get_u8(d, &head->type)) return false;', C)
mutant('codec', 'a tensor of too many dimensions', ' || head->ndim > PAR_TENSOR_DIMS_MAX) return false;',
  ') return false;', C)
mutant('codec', 'a tensor in no storage', 'return head->storage <= d->n_storages;', 'return true;', C)
untestable('codec', 'a tensor in a storage of another type', 'if (!storage || storage->type != head.type || ',
  'par_tensor_new_view looks too')
untestable('codec', 'a tensor before its storage', ' || head.offset < 0) return', 'par_tensor_new_view looks too')
mutant('codec', 'a storage that did not come', '|| number >= d->n_storages)', ')', C)
mutant('codec', 'bytecode from strangers',
  'if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "a function");\n    int rc = load_bytecode',
  'int rc = load_bytecode', 'codec.hostile.5.4')
mutant('codec', 'globals to strangers',
  'if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "the globals");\n        par_lua_push_globals',
  'par_lua_push_globals', 'codec.hostile.5.4')
mutant('codec', 'names from strangers',
  'if (!(d->flags & PAR_DECODE_FUNCTIONS)) return refuse_named(L, d, fields);',
  'if (0) return refuse_named(L, d, fields);', 'codec.hostile.5.4')
mutant('codec', 'source from strangers',
  'if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "a function (as source text)");\n    if (!par_get_u8(d, &kind)',
  'if (!par_get_u8(d, &kind)', 'codec.hostile.5.4')
mutant('codec', 'bytecode of another Lua', 'if (fingerprint != par_codec_fingerprint_hash(L, codec))',
  'if (fingerprint == 0 && par_codec_fingerprint_hash(L, codec))', C)
mutant('codec', 'text where bytecode has to be', '"=message", "b")', '"=message", "bt")', C)
mutant('codec', 'bytecode where text has to be', 'padded, name, "t")', 'padded, name, "bt")', C)
mutant('codec', 'a function with fewer upvalues', 'if (upvalues != par_codec_count_upvalues(L))',
  'if (upvalues > par_codec_count_upvalues(L))', C)
mutant('codec', 'a source of millions of lines', 'line > LINES_MAX ||', '', C)
mutant('codec', 'a source that gives no function',
  'if (lua_pcall(L, 0, 1, 0) != LUA_OK || !lua_isfunction(L, -1))',
  'if (lua_pcall(L, 0, 1, 0) != LUA_OK)', C)
mutant('codec', 'a hook that takes the memory away',
  'int rc = par_input_own(d);\n    if (rc != PAR_OK) return rc;\n    int values', 'int values', C)
mutant('codec', 'a module that takes the memory away',
  'int rc = par_input_own_to_load(d, what);\n    if (rc != PAR_OK) return rc;\n    lua_getglobal(L, "require");',
  'lua_getglobal(L, "require");', C)
mutant('codec', 'where an object with a metatable begins', 'seen->at = par_output_at(e) + prefix;',
  'seen->at = par_output_at(e) + 0 * prefix;', 'codec.value.5.4 codec.function.5.4')
mutant('codec', 'an object inside its own encoded form', 'if (inside_itself(e, at)) return',
  'if (0 && inside_itself(e, at)) return', 'codec.value.5.4 codec.function.5.4')
untestable('codec', 'old entries after 2^32 messages', 'if (++pointers->epoch != 0) return;', 'it takes 2^32 messages')

-- --- link ---

mutant('link', 'a hello longer than its place',
  'message->len < sizeof link->fingerprint ? message->len : sizeof link->fingerprint - 1', 'message->len',
  'link.link')
mutant('link', 'only the first end counts', 'if (link->final) break; /* only', 'if (0) break; /* only', 'link.link')
mutant('link', 'a yield after the end', 'if (link->state == PAR_LINK_RUNNING) link->state = PAR_LINK_YIELDED;',
  'link->state = PAR_LINK_YIELDED;', 'link.link')
mutant('link', 'what a parent may say', 'else if (is_of_parents(message->kind)) keep(link, message);', 'else keep(link, message);', 'link.link')
mutant('link', 'what a peer may say', 'if (message->kind != PAR_KIND_MEMORY) return;', '', 'link.peer')
mutant('link', 'memory that is lent once or not at all', 'par_channel_try_once(link->channel, PAR_KIND_MEMORY',
  'par_channel_try_send(link->channel, PAR_KIND_MEMORY', 'link.peer')
mutant('link', 'a word in front that nobody waits for', 'par_channel_try_once(link->channel, PAR_KIND_COMMON',
  'par_channel_try_send(link->channel, PAR_KIND_COMMON', 'link.peer')
mutant('link', 'memory that came late', 'par_kept_free(par_link_take_kept(link, PAR_KIND_MEMORY));', '', 'link.peer')
mutant('link', 'messages that nobody received',
  'if (!link->exit.ended || par_channel_has_data(link->channel)) return false;', 'if (!link->exit.ended) return false;',
  'link.link')
mutant('link', 'one that scribbles is cut off', 'link->corrupt = true;', '', 'link.link')
mutant('link', 'a link that goes takes its child along', 'par_family_remove(link);\n        par_link_kill(link);',
  'par_family_remove(link);', 'link.link')
mutant('link', 'a forked copy leaves the children alone', 'if (par_os_pid() != family_pid) return;', '', 'link.link')
mutant('link', 'the length of an error\'s text', 'header.message_bytes > left || ', '', 'link.link')
mutant('link', 'the length of a traceback', ' || header.traceback_bytes > left - header.message_bytes', '',
  'link.link')
mutant('link', 'an error shorter than its header', 'if (len < sizeof header) return false;', '', 'link.link')
mutant('link', 'output is kept up to its limit', 'part = len < room ? len : room;', 'part = len + 0 * room;',
  'link.link')
mutant('link', 'descriptors of a start that failed',
  'par_os_close(output[0]);\n    par_os_close(output[1]);\n    if (rc', 'if (rc', 'start.faults')
mutant('link', 'the channel of a start that failed',
  'par_channel_close(out->channel);\n    par_relay_close(out->relay);', 'par_relay_close(out->relay);', 'start.faults')
mutant('link', 'a failed request closes the fork server', 'if (rc != PAR_OK) par_forkserver_close(server);', '',
  'link.forkserver')
mutant('link', 'the wait for the fork server can be interrupted',
  'if (server->interrupted && server->interrupted(server->host)) return', 'if (0) return', 'link.forkserver')

-- --- pool ---

local P = 'pool.parts.5.4'
mutant('pool', 'what was claimed is not taken back', 'uint32_t limit = keep > state.claimed ? keep : state.claimed;',
  'uint32_t limit = keep;', 'link.tasks')
mutant('pool', 'taking back gives nothing', 'if (limit > state.limit) limit = state.limit;', '', 'link.tasks')
mutant('pool', 'no more claimed than there is', 'if (state.claimed >= state.limit) return 0;',
  'if (state.claimed > state.limit) return 0;', 'link.tasks')
mutant('pool', 'none left', 'return state.claimed >= state.limit;', 'return state.claimed > state.limit;',
  'link.tasks')
mutant('pool', 'a claim while tasks are taken back',
  '} while (!atomic_compare_exchange_weak_explicit(&words[slot], &word, lowered, ' ..
    'memory_order_seq_cst, memory_order_seq_cst));',
  '} while (0);\n    for (volatile int i = 0; i < 5000; i++) continue;\n' ..
    '    atomic_store_explicit(&words[slot], lowered, memory_order_seq_cst);', 'link.tasks')
mutant('pool', 'a negative number to keep', 'if (keep < 0) keep = 0;', '', 'pool.words.5.4')
mutant('pool', 'the slots of a worker', 'n >= 0 && n < (lua_Integer)PAR_TASKS_SLOTS', 'n >= 0', 'pool.words.5.4')
mutant('pool', 'the number of tasks of a chunk', 'count >= 0 && count <= (lua_Integer)PAR_TASKS_MAX', 'count <= (lua_Integer)PAR_TASKS_MAX',
  'pool.words.5.4')
mutant('pool', 'kinds that are not a pool\'s', 'kind >= POOL_KIND_FIRST && kind < (lua_Integer)PAR_KIND_CONTROL',
  'kind >= POOL_KIND_FIRST', 'pool.words.5.4')
mutant('pool', 'a result without a task',
  "says[protocol.OK] = function(crew, worker, ...)\n" ..
    "  local chunk = worker.chunks[1]\n" ..
    "  if not chunk or chunk.got >= chunk.n then",
  "says[protocol.OK] = function(crew, worker, ...)\n  local chunk = worker.chunks[1]\n  if not chunk then", P)
mutant('pool', 'a last result before the last', "chunk.got ~= chunk.n - 1 or type(seconds)", "type(seconds)", P)
mutant('pool', 'a last result without a time',
  "if not chunk or chunk.got ~= chunk.n - 1 or type(seconds) ~= 'number' then",
  "if not chunk or chunk.got ~= chunk.n - 1 then", P)
mutant('pool', 'an error without a task',
  "says[protocol.FAILED] = function(crew, worker, text, traceback, value)\n" ..
    "  local chunk = worker.chunks[1]\n" ..
    "  if not chunk or chunk.got >= chunk.n then",
  "says[protocol.FAILED] = function(crew, worker, text, traceback, value)\n" ..
    "  local chunk = worker.chunks[1]\n" ..
    "  if not chunk then", P)
mutant('pool', 'an end before all results', "if not chunk or chunk.got ~= chunk.n or type(seconds)",
  "if not chunk or type(seconds)", P)
mutant('pool', 'an end without a time', "if not chunk or chunk.got ~= chunk.n or type(seconds) ~= 'number' then",
  "if not chunk or chunk.got ~= chunk.n then", P)
mutant('pool', 'a worker that says what cannot be', 'if kind ~= protocol.GONE then crew.system.kill(worker.child) end',
  '', P)
mutant('pool', 'results of a job that was given up', 'not job.results or job.aborted then return nothing',
  'not job.results then return nothing', P)
mutant('pool', 'lower numbers first', 'while ranges[at] and ranges[at][1] < from do at = at + 1 end', '', P)
mutant('pool', 'nothing comes back to a job that was given up',
  'if from > to or self.aborted then return end\n  local ranges', 'if from > to then return end\n  local ranges', P)
mutant('pool', 'no more than asked for of a range', 'local to = math.min(range[2], from + most - 1)',
  'local to = range[2]', P)
mutant('pool', 'no more tasks than there are', 'if to > last then to = last end', '', P)
mutant('pool', 'results after the end of a job',
  'self.out = self.out - 1\n  if self.aborted then return end\n  self.ended', 'self.out = self.out - 1\n  self.ended',
  P)
mutant('pool', 'as many tries as asked for', 'if attempts <= (self.retries or 0) and',
  'if attempts < (self.retries or 0) and', P)
mutant('pool', 'what was cancelled is not tried again', " and err.code ~= 'cancelled' and", ' and', P)
mutant('pool', 'what cannot travel is not tried again', " and err.code ~= 'unsupported' then", ' then', P)
mutant('pool', 'tasks that had not begun', 'self.out = self.out - (to - from + 1)\n', '', P)
mutant('pool', 'the first reason of a breakdown', 'self.broken = self.broken or err', 'self.broken = err', P)
mutant('pool', 'the end of a worker is settled once', 'if worker.settled then return end', '', P)
mutant('pool', 'more claimed than there was', 'if claimed > chunk.n then claimed = chunk.n end', '', P)
mutant('pool', 'the task that was running fails', 'for i = chunk.got + 1, claimed do',
  'for i = chunk.got + 2, claimed do', P)
mutant('pool', 'what had not begun goes back', 'job:give_up(first + math.max(claimed, chunk.got), first + chunk.n - 1)',
  'job:give_up(first + chunk.n, first + chunk.n - 1)', P)
mutant('pool', 'a chunk that ends every worker', 'if job.spoiled[first] >= BAD_STARTS then claimed = 1 end', '', P)
mutant('pool', 'workers that never get ready', "or self.bad_starts >= BAD_STARTS then", 'then', P)
mutant('pool', 'the other slot', 'return other and 1 - other.slot or 0', 'return other and other.slot or 0', P)
mutant('pool', 'a function is sent once', 'if worker.functions[id] then return end\n', '', P)
mutant('pool', 'the limit of tasks of a worker', 'if most and most <= 0 then return nil end', '', P)
mutant('pool', 'a task that has just ended is not stopped', 'if now ~= claimed or chunk.got >= claimed then',
  'if not now then', P)
mutant('pool', 'what is taken back shortens the chunk', 'chunk.n = limit\n  worker.taken', 'worker.taken', P)

-- --- group: boards ---

local B = 'group.board'
mutant('group', 'a phase that nobody can be in', 'return phase > board->phase ? PAR_E_CORRUPT : 0;', 'return 0;', B)
mutant('group', 'a count that nobody can have made',
  'return arrived - board->target < board->n ? 1 : PAR_E_CORRUPT;', 'return 1;', B)
mutant('group', 'what the seats say is true, whatever is counted', 'return late == 0;', 'return 0 * (int)late;', B)
mutant('group', 'a member that has left',
  'if (par_board_phase_of(board, seat) & PAR_PHASE_LEFT) return par_broken_break(board, PAR_BROKEN_LEFT, seat, err);', '', B)
mutant('group', 'a member that has died', 'if (par_board_lives(board, seat)) return PAR_OK;', 'return PAR_OK;', B)
mutant('group', 'leaving is seen in the phase that is waited for', 'for (int i = 0; i < 2; i++) { /* the slot', 'for (int i = 0; i < 1; i++) { /* the slot', B)
untestable('group', 'a member that entered and died', 'if ((par_board_phase_of(board, seat) & ~PAR_PHASE_LEFT) == board->phase) return PAR_OK;',
  'some nanoseconds; the model has it')
untestable('group', 'the strength of entering', 'atomic_store_explicit(word, phase, memory_order_seq_cst);',
  'without it somebody sleeps for a slice now and then; the model has it')
mutant('group', 'a broken group is broken in later calls too',
  'int rc = par_broken_check(board, err);\n    if (rc != PAR_OK) return rc;\n    enter(board);', 'enter(board);', B)
mutant('group', 'a reason that nobody knows', ' || (word >> 24 & 0xff) > PAR_BROKEN_REGROUP) return', ') return', B)
mutant('group', 'why another group was broken', 'if ((uint32_t)(word >> 32) != board->group || (word', 'if ((word', B)
untestable('group', 'the first reason counts', 'if (why_of(board, &by) != PAR_BROKEN_NOT) return false;',
  'two members have to find different reasons at the same time')
mutant('group', 'a wait with an end', 'if (par_latch_overdue(deadline_ns)) return par_broken_timeout', 'if (deadline_ns == 1) return par_broken_timeout', B)
mutant('group', 'an interrupt in a wait',
  'if (par_broken_interrupted(board)) return par_broken_break', 'if (0) return par_broken_break', B)
mutant('group', 'the size of a board', 'if (bytes != board->layout.bytes)', 'if (0)', B)
mutant('group', 'a seat that is not there', 'if (board->seat >= board->seats || board->seats > PAR_GROUP_MEMBERS_MAX)',
  'if (board->seats > PAR_GROUP_MEMBERS_MAX)', B)
mutant('group', 'too many seats', 'if (board->seat >= board->seats || board->seats > PAR_GROUP_MEMBERS_MAX)',
  'if (board->seat >= board->seats)', B)
mutant('group', 'memory that is no board', 'if (board->page->magic == PAR_BOARD_MAGIC && ', 'if (', B)
mutant('group', 'a group of nobody', 'if (seats == 0 || seats > PAR_GROUP_MEMBERS_MAX)', 'if (seats > PAR_GROUP_MEMBERS_MAX)', B)

local M = 'group.mirror'
mutant('group', 'bytes before the word that makes them count', 'while (reader->run.at == reader->run.end)', 'while (1)', M)
mutant('group', 'the rest behind a hole', 'holed ? run_in(mirror, seat, hole_end, note->own - hole_end) : (run){0}', '(run){0}', M)
mutant('group', 'results of others', 'run_in(mirror, mirror->seats, note->result_at, note->result_bytes)', '(run){0}', M)
mutant('group', 'what the root of a scatter wrote for others', 'for (; note->each && ', 'for (; 0 && ', M)
mutant('group', 'the vote of a member elsewhere', 'if (vote != told->vote) {', 'if (0) {', M)
mutant('group', 'the end of a member elsewhere', 'if (!gone || told->gone) return PAR_E_AGAIN;', 'return PAR_E_AGAIN;', M)
mutant('group', 'a member of a host that is lost', 'if (mirror->places[seat] == place) par_mirror_gone(mirror, seat);', '(void)place;', M)
mutant('group', 'a window that is not there', 'if (head->value > most || len > most - head->value)', 'if (0)', M)
mutant('group', 'a seat that no host has', 'if (head.slot > 1 || head.seat >= windows || (head.seat', 'if (head.slot > 1 || (head.seat', M)

-- --- group: those who live agree ---

mutant('group', 'votes for later groups count', 'memory_order_seq_cst) >= next_group(board);',
  'memory_order_seq_cst) == next_group(board);', 'group.agree')
untestable('group', 'a vote of who has died counts', 'if (!has_voted(board, board->member[board->there])) board->there++;',
  'some nanoseconds; the model has it')
mutant('group', 'who is gone is not waited for', 'if (par_board_is_alive(board, board->there)) return;', 'return;', 'group.agree')
untestable('group', 'a vote is cast once', 'int rc = board->voting ? PAR_OK : begin(board, err);',
  'to clear the words of a group that others use already costs them a slice')
mutant('group', 'as many groups as there are numbers', 'if (next_group(board) > PAR_BOARD_GROUPS_MAX)', 'if (0)', 'group.agree')
mutant('group', 'a vote with an end', 'if (par_latch_overdue(deadline_ns))\n            return par_broken_waited', 'if (0)\n            return par_broken_waited', 'group.agree')

-- --- group: collectives ---

local C = 'group.collect'
mutant('group', 'another call', 'return a->call == b->call && ', 'return ', C)
mutant('group', 'another type', 'a->type == b->type && ', '', C)
mutant('group', 'another operation', 'a->op == b->op && ', '', C)
mutant('group', 'another root', 'a->root == b->root &&', '1 &&', C)
mutant('group', 'another size', '(a->count == b->count || ', '(1 || ', C)
mutant('group', 'more than a message may have', 'if (length > PAR_MESSAGE_MAX_BYTES)', 'if (0)', C)
mutant('group', 'more than the root has said', 'if (m->length > said) m->length = said;', '(void)said;', C)
mutant('group', 'what is not taken does not stop the others', 'if (m->taken == PAR_OK) m->taken = m->what->take',
  'm->taken = m->what->take', C)
mutant('group', 'more bytes than there can be', ' && *bytes <= PTRDIFF_MAX)', ')', C)
mutant('group', 'which slot is whose', '(2 * (size_t)seat + (phase & 1)) * board->layout.window_bytes', '(2 * (size_t)seat + (phase & 0)) * board->layout.window_bytes', C)

-- --- group: locks and tables ---

local L = 'group.lock'
mutant('group', 'who locks twice', 'if (par_lock_is_ours(lock)) return par_error_set(err, PAR_E_INVALID, "lock: this process has locked it already");',
  '', L)
mutant('group', 'who unlocks what he has not locked', 'if (!par_lock_is_ours(lock)) return par_error_set(err, PAR_E_INVALID, "unlock: this process has not locked it");',
  '', L)
mutant('group', 'who waits without the lock', 'if (!par_lock_is_ours(lock)) return par_error_set(err, PAR_E_INVALID, "wait: this process has not locked it");',
  '', L)
mutant('group', 'a holder that lives keeps it', '!lives(lock, number) && take_over(lock, number)', 'take_over(lock, number)', L)
mutant('group', 'a holder that died has lost it', '*abandoned = take_from_dead(lock);', '', L)
mutant('group', 'a lock is given back with its handle', 'par_lock_give(lock, &ignored);\n    if (lock->life_fd', 'if (0) par_lock_give(lock, &ignored);\n    if (lock->life_fd', L)
mutant('group', 'a number that somebody has', 'else if (rc != PAR_E_INVALID) return rc;', 'else return rc;', L)
mutant('group', 'nobody has the number of nobody', 'if (rc == PAR_OK && number == 0) par_os_close(lock->life_fd);', 'if (rc == PAR_OK && number == 1) par_os_close(lock->life_fd);', L)
mutant('group', 'locks of one memory apart', '.life_at = LIVES_AT + (at << NUMBER_BITS)', '.life_at = LIVES_AT + (at & 0)', L)
mutant('group', 'a wait for the lock with an end', 'if (!par_latch_overdue(deadline_ns)) return PAR_OK;\n    return par_error_set(err, PAR_E_TIMEOUT, "%s: the',
  'if (deadline_ns != 1) return PAR_OK;\n    return par_error_set(err, PAR_E_TIMEOUT, "%s: the', L)

local K = 'group.table'
mutant('group', 'an entry before the half', 'if (place < table->heap_at || place >', 'if (place >', K)
mutant('group', 'an entry behind the half', 'if (place < table->heap_at || place > table->half_words - PAR_ENTRY_WORDS) return false;',
  'if (place < table->heap_at) return false;', K)
mutant('group', 'an entry that ends behind the half', ' && out->words <= table->half_words - place &&', ' &&', K)
mutant('group', 'an entry whose parts do not fit', 'out->words == PAR_ENTRY_WORDS + par_table_words', 'out->words != PAR_ENTRY_WORDS + 0 * par_table_words', K)
mutant('group', 'a table that turned while it was read', 'if (par_table_turn(table) == turn) return found < 0 ? found : PAR_OK;',
  'return found < 0 ? found : PAR_OK;', K)
mutant('group', 'what a dead writer left', 'if (rc == PAR_OK && abandoned) rc = par_room_count(table, err);', '', K)
mutant('group', 'the size of a table', 'table->page->bytes != bytes)', 'table->page->bytes == 0)', K)
mutant('group', 'memory that is no table', 'table->page->magic != PAR_TABLE_MAGIC ||', '', K)
untestable('group', 'slots that stay empty', 'return taken < table->slots - table->slots / 8;',
  'a slot is taken by an entry of at least four words, and the half has no room for as many')

-- --- allreduce of memory that members lend each other ---
local S = 'group.hostile'
mutant('lent', 'memory that is too small', 'if (bytes > blob->bytes || ', 'if (', S)
mutant('lent', 'a place outside of its memory', ' || c->offset[rank] > blob->bytes - bytes) return false;', ') return false;', S)
mutant('lent', 'elements between two places', 'if ((uintptr_t)c->elements[rank] % each) return false;', '', S)
mutant('lent', 'the same elements twice', 'if (!is_apart(c, set, rank, other, bytes)) return false;',
  'if (!is_apart(c, set, rank, other, bytes) && n == 1) return false;', S)
mutant('lent', 'elements that overlap', 'return at_a + bytes <= at_b || at_b + bytes <= at_a;', 'return at_a != at_b;', S)
mutant('lent', 'sets that do not work', '!(c->works & 1u << set) || ', '', S)
mutant('lent', 'a set that only some have', 'well = borrow_all(L, c, board, number, blob, c->sets[*set]) && all_lent;\n    rc = agree(call, well, &well, err);',
  'well = borrow_all(L, c, board, number, blob, c->sets[*set]) && all_lent;', S)
mutant('lent', 'only yes is yes', '*all = well == 1;', '*all = well != 0;', S)
mutant('link', 'memory that somebody else asked for', 'memcmp(kept->bytes, &number, sizeof number) == 0 && kept->n_payloads == 1', 'kept->n_payloads == 1', S)
mutant('link', 'a message of memory without any', ' && kept->n_payloads == 1;', ';', S)
mutant('link', 'only the newest memory is kept', 'par_kept_free(par_link_take_kept(link, PAR_KIND_MEMORY));', '', S .. ' link.peer')

return list
