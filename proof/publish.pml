/* How a partition is published, and what may go wrong meanwhile: leases, the fence, the publish transaction, the file's
 * rename into the lake, repair, crashes, suspensions, and fail-overs to a standby that lagged.
 *
 * Each step of a process is one atomic thing in reality: a statement, a commit, a rename. A worker may stop for ever
 * between any two (a kill), or go on much later (a suspension): the scheduler of the checker takes any time it likes.
 * The comment behind a step names the function that it stands for.
 *
 * What must hold (asserted where it could break, or `#define`d for an ltl formula below):
 *   owner      whoever commits a publication holds the task's lease in the database that commits it
 *   bytes      the file that gets its name holds what its own attempt hashed
 *   whole      what is committed has its bytes in the lake
 *   kept       a file in its place, which the manifest names, is replaced by no other; nor are the only bytes of a
 *              publication thrown away
 *   once       a task has one publication at most in the surviving history
 *   published  in the end every task is published once, and the file that lies there is the one that the manifest names,
 *              if faults end and every process is scheduled fairly
 *
 * Each BROKEN_... removes one rule. `proof/check` says of which the model must be found broken, and of which not, since
 * another rule holds in their place: without the uuid the epoch is enough where all heed it.
 */

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TASKS
#define TASKS 2
#endif
#ifndef FAILOVERS
#define FAILOVERS 1
#endif
#ifndef LIVES
#define LIVES 4
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef REAPS
#define REAPS 1
#endif

#define NONE 0
/* How far sequences jump on a new epoch: further than all tokens of one life (queue._begin_epoch). */
#define JUMP 16

/* What a fail-over may lose: all that the database knows. */
typedef Database {
  byte epoch;              /* queue.epoch: which life of itself this is */
  byte sequence;           /* queue.lease_token */
  bool ended[LIVES + 1];   /* queue.worker: by the process's own uuid; its row is lost with a fail-over */
  bool known[LIVES + 1];
  byte token[TASKS];       /* queue.lease: NONE where nobody holds the task */
  byte holder[TASKS];      /* queue.lease's worker: its uuid */
  byte published[TASKS];   /* lineage.publication: how many */
  bool completed[TASKS];   /* queue.outcome: nobody claims it any more */
  byte manifest[TASKS];    /* lake.manifest: whose bytes, by writer; NONE where there is no row */
  bool placed[TASKS];      /* lake.manifest: state = in_place */
}

Database primary;
Database standby;

/* Row locks of publications under way, and their sessions: lost with the server or with the client. */
byte locked[TASKS];          /* by which process, + 1 */
bool session[WORKERS];

/* The lake, which no fail-over takes back. Bytes are named by who wrote them: a life of a process. */
byte file[TASKS];
byte staged[TASKS * (LIVES + 1)]; /* by task and life: the staging folder's name holds both */

bool living[LIVES + 1];      /* which of them run still: a session that ends shows it (queue.reap) */
byte lives;                  /* uuids handed out: never one twice */
byte failovers, crashes, reaps;
bool mustBeginEpoch;         /* the server's timeline is not the one that queue.epoch knows */

#define folder(task, life) ((task) * (LIVES + 1) + (life))
#ifdef BROKEN_SHARED_STAGING
#define mine folder(task, 0)
#else
#define mine folder(task, life)
#endif

/* A file in its place, which the manifest names: `bytes` may take the place only if they are the same. */
#define keeps(task, bytes) \
  (!(primary.placed[task] && file[task] == primary.manifest[task]) || file[task] == bytes)

inline copyDatabase(to, from) {
  to.epoch = from.epoch; to.sequence = from.sequence;
  k = 0;
  do :: k <= LIVES -> to.ended[k] = from.ended[k]; to.known[k] = from.known[k]; k++ :: else -> break od;
  k = 0;
  do
  :: k < TASKS ->
    to.token[k] = from.token[k]; to.holder[k] = from.holder[k]; to.published[k] = from.published[k];
    to.completed[k] = from.completed[k];
    to.manifest[k] = from.manifest[k]; to.placed[k] = from.placed[k]; k++
  :: else -> break
  od;
  k = 0
}

/* queue._begin_epoch, which register, tick and claim call first: earlier incarnations end, their leases are taken away,
 * and no number of the old life comes again. */
inline seeEpoch() {
  if
  :: mustBeginEpoch ->
    mustBeginEpoch = false;
#ifndef BROKEN_NO_EPOCH
    primary.epoch++;
    k = 0; do :: k <= LIVES -> primary.ended[k] = true; k++ :: else -> break od;
    k = 0;
    do
#ifdef BROKEN_EPOCH_THROUGH_LOCK
    :: k < TASKS -> primary.token[k] = NONE; primary.holder[k] = NONE; k++
#else
    :: k < TASKS && locked[k] == NONE -> primary.token[k] = NONE; primary.holder[k] = NONE; k++
    :: k < TASKS && locked[k] != NONE -> k++      /* SKIP LOCKED: a publication that holds its fence goes on */
#endif
    :: else -> break
    od;
    k = 0;
#ifndef BROKEN_NO_JUMP
    primary.sequence = primary.sequence + JUMP;
#endif
#endif
  :: else
  fi
}

/* A lease is over and its task can be claimed again: queue.reap, or the end of an attempt. */
inline giveUp(task) { primary.token[task] = NONE; primary.holder[task] = NONE }

/* Whether the fence lets this attempt write: queue.fence and queue.complete match task, token and incarnation. */
#ifdef BROKEN_NO_FENCE
#define fenced true
#else
#ifdef BROKEN_NO_INCARNATION
#define fenced (primary.token[task] == token)
#else
#define fenced (primary.token[task] == token && primary.holder[task] == life)
#endif
#endif

/* A new life that nobody has begun yet: queue.fence begins it itself, and with it the lease is over. */
#if defined(BROKEN_NO_EPOCH) || defined(BROKEN_FENCE_IN_NEW_LIFE)
#define newLife false
#else
#define newLife mustBeginEpoch
#endif

/* Everything that a killed process takes along; what the server holds for it ends with its session. */
inline die() {
  session[me] = false; living[life] = false;
  k = 0; do :: k < TASKS -> if :: locked[k] == me + 1 -> locked[k] = NONE :: else fi; k++ :: else -> break od;
  k = 0; life = NONE; task = 0; token = NONE
}

#define alive (life != NONE)
/* A kill may come between any two steps. */
#define mayDie if :: atomic { crashes < CRASHES -> crashes++; die() }; goto start :: true fi

proctype Worker(byte me) {
  byte life = NONE, task = 0, token = NONE, k = 0;

start:
  /* queue.register_worker */
  atomic {
    lives < LIVES;
    lives++; life = lives; living[life] = true;
    seeEpoch();
    primary.known[life] = true; primary.ended[life] = false;
    session[me] = true
  }

claim:
end:
  atomic {
    /* waits for work: a task that nobody holds and that is not completed */
    (primary.token[0] == NONE && !primary.completed[0] || primary.token[TASKS - 1] == NONE && !primary.completed[TASKS - 1]);
    /* queue.claim: AK002 ends an incarnation that was given up */
    seeEpoch();
    session[me] = true;
#ifndef BROKEN_NO_WORKER_CHECK
    if :: !primary.known[life] || primary.ended[life] -> die(); goto start :: else fi;
#endif
    if
    :: primary.token[0] == NONE && !primary.completed[0] -> task = 0
#if TASKS > 1
    :: primary.token[1] == NONE && !primary.completed[1] -> task = 1
#endif
    :: else -> goto claim
    fi;
#ifdef BROKEN_SAME_TOKEN
    primary.sequence = 1;
#else
    primary.sequence++;
#endif
    token = primary.sequence;
    primary.token[task] = token; primary.holder[task] = life
  }
  mayDie;

  /* PartitionBuilder, LakeStore.stage: the folder's name holds what no other attempt has */
  atomic { staged[mine] = life }
  mayDie;

#ifdef BROKEN_EARLY_PLACE
  atomic { assert(keeps(task, life)); file[task] = life }                                             /* kept */
  mayDie;
#endif

  /* BEGIN; queue.fence: the lease's row is locked for as long as the session lives */
  atomic {
    (locked[task] == NONE);
    if
#ifdef BROKEN_FENCE_WITHOUT_LOCK
    :: !newLife && fenced -> session[me] = true
#else
    :: !newLife && fenced -> locked[task] = me + 1; session[me] = true
#endif
    :: else -> goto discard        /* AK001 */
    fi
  }
  mayDie;

  /* COMMIT: rows, lineage, manifest and completion, if the session still lives */
  atomic {
    if
#ifdef BROKEN_COMMIT_WITHOUT_SESSION
    :: true ->
#else
#ifdef BROKEN_FENCE_WITHOUT_LOCK
    :: session[me] ->
#else
    :: locked[task] == me + 1 ->
#endif
#endif
      assert(primary.token[task] == token && primary.holder[task] == life);   /* owner */
      assert(staged[mine] == life);                                                               /* whole */
      primary.published[task]++;
      assert(primary.published[task] == 1);                                                       /* once */
      primary.manifest[task] = life;
      primary.placed[task] = false;
#ifndef BROKEN_COMPLETE_APART
      primary.completed[task] = true;
      giveUp(task);
#endif
      locked[task] = NONE
    :: else -> goto discard         /* the server ended the session, or was lost: nothing was written */
    fi
  }
  mayDie;
#ifdef BROKEN_COMPLETE_APART
  atomic { if :: fenced -> primary.completed[task] = true; giveUp(task) :: else fi }
  mayDie;
#endif
  /* The answer may be lost: the worker asks under its token before it says anything. */
  if :: goto discard :: true fi;

  /* LakeStore.place: a rename; then lake.mark_in_place, which names the publication */
place:
  atomic {
#ifdef BROKEN_PLACE_UNASKED
    if
    :: staged[mine] != NONE ->
#else
    if
    :: staged[mine] != NONE && primary.manifest[task] == life ->
#endif
      assert(staged[mine] == life);                                                                   /* bytes */
      assert(keeps(task, life));                                                                      /* kept */
      file[task] = life; staged[mine] = NONE
    :: else
    fi
  }
  mayDie;
  atomic {
    if :: primary.manifest[task] == life && file[task] == life -> primary.placed[task] = true :: else fi
  }
  goto claim;

discard:
  atomic {
    /* AK001, or a commit in doubt that the manifest does not know: the folder goes */
#ifdef BROKEN_DISCARD_UNASKED
    staged[mine] = NONE;
#else
    if :: primary.manifest[task] == life && !primary.placed[task] -> skip :: else -> staged[mine] = NONE fi;
#endif
    assert(primary.manifest[task] != life || primary.placed[task] || staged[mine] == life || file[task] == life);  /* kept */
    if :: fenced && locked[task] == NONE -> giveUp(task) :: else fi;      /* queue.fail, queue.release */
    task = 0; token = NONE
  }
  goto claim
}

/* Anybody's queue.reap: a worker is silent, or its session has ended; the checker takes any worker for silent at any
 * time. Rows that a publication holds are left alone; a session whose lease is over may be ended by the server. */
proctype Reaper() {
  byte k = 0;
end:
  do
  :: atomic {
      /* a lease without a living worker; or, REAPS times, one whose worker is only silent */
      (primary.token[0] != NONE && (reaps < REAPS || !living[primary.holder[0]]) || primary.token[TASKS - 1] != NONE && (reaps < REAPS || !living[primary.holder[TASKS - 1]]));
      if :: k = 0 :: k = TASKS - 1 fi;
      if
      :: primary.token[k] != NONE && (reaps < REAPS || !living[primary.holder[k]]) ->
        if :: living[primary.holder[k]] -> reaps++ :: else fi;
        if
        :: locked[k] == NONE -> skip
#ifdef BROKEN_REAP_THROUGH_LOCK
        :: locked[k] != NONE -> skip
#else
        :: locked[k] != NONE -> session[locked[k] - 1] = false; locked[k] = NONE     /* pg_terminate_backend */
#endif
        fi;
        primary.ended[primary.holder[k]] = true;
        giveUp(k)
      :: else
      fi;
      k = 0
    }
  od
}

/* The standby hears of the primary now and then; a fail-over loses what it had not heard. */
proctype Cluster() {
  byte k = 0;
end:
  do
  :: atomic { failovers < FAILOVERS -> copyDatabase(standby, primary) }
  :: atomic {
      failovers < FAILOVERS ->
      failovers++;
      copyDatabase(primary, standby);
      k = 0; do :: k < TASKS -> locked[k] = NONE; k++ :: else -> break od;
      k = 0; do :: k < WORKERS -> session[k] = false; k++ :: else -> break od;
      k = 0;
      mustBeginEpoch = true
    }
  od
}

/* aker lake repair, and what each worker does at its start: LakeRepair.finishCommitted, then the comparison of manifest
 * and files. A published partition without its file is built again (queue.reopen_missing). */
proctype Repair() {
  byte k = 0, j = 0;
end:
  do
  :: atomic {
      if :: k = 0 :: k = TASKS - 1 fi;
      select(j : 1 .. LIVES);
      if
      :: primary.manifest[k] != NONE && !primary.placed[k] && staged[folder(k, primary.manifest[k])] == primary.manifest[k] ->
        file[k] = primary.manifest[k]; staged[folder(k, primary.manifest[k])] = NONE; primary.placed[k] = true
      :: primary.manifest[k] != NONE && !primary.placed[k] && file[k] == primary.manifest[k] -> primary.placed[k] = true
#ifndef BROKEN_NO_REBUILD
      :: primary.manifest[k] != NONE && primary.published[k] > 0 && file[k] != primary.manifest[k] && staged[folder(k, primary.manifest[k])] != primary.manifest[k] && primary.token[k] == NONE && locked[k] == NONE ->
        primary.manifest[k] = NONE; primary.placed[k] = false; primary.published[k] = 0; primary.completed[k] = false
#endif
      /* What lies staged and belongs to no attempt that runs (lake.live_staging), nor to a publication. */
#ifdef BROKEN_REPAIR_UNASKED
      :: staged[folder(k, j)] == j && primary.manifest[k] != j -> staged[folder(k, j)] = NONE
#else
      :: staged[folder(k, j)] == j && primary.manifest[k] != j && (primary.token[k] == NONE || primary.holder[k] != j) ->
        staged[folder(k, j)] = NONE
#endif
      fi;
      k = 0; j = 0
    }
  od
}

#define done(t) (primary.published[t] == 1 && primary.placed[t] && file[t] == primary.manifest[t])

init {
  atomic {
    run Cluster(); run Reaper(); run Repair();
    run Worker(0); run Worker(1);
#if WORKERS > 2
    run Worker(2);
#endif
  }
}

ltl published { <> [] (done(0) && done(TASKS - 1)) }
