-- What the engine of release 0.1.0 wrote: one that has ended, one that waits for the event "two".
CREATE TABLE instances (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version TEXT,
    execution TEXT NOT NULL,
    status TEXT NOT NULL,
    customStatus TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    parent TEXT,
    output TEXT,
    input TEXT
  ) STRICT;
INSERT INTO instances VALUES (1, 'old', 'greet', NULL, '95a4098ad6d8c40da186cba3394ed3bc', 'Completed', NULL, 1795745414161, 1795745414172, NULL, '"Hello Ada"', '"Ada"');
INSERT INTO instances VALUES (2, 'waiting', 'twoEvents', NULL, '40973e3cc0e2d550a4d809690b3f77be', 'Running', NULL, 1795745414176, 1795745414185, NULL, NULL, '""');
CREATE INDEX instancesByTime ON instances (created);
CREATE INDEX instancesByStatus ON instances (status, created);
CREATE TABLE history (
    instance INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (instance, position)
  ) STRICT, WITHOUT ROWID;
INSERT INTO history VALUES (1, 0, '{"EventType":12,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.162Z"}');
INSERT INTO history VALUES (1, 1, '{"EventType":0,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.161Z","OrchestrationInstance":{"InstanceId":"old","ExecutionId":"95a4098ad6d8c40da186cba3394ed3bc"},"ParentInstance":null,"Name":"greet","Version":null,"Tags":null}');
INSERT INTO history VALUES (1, 2, '{"EventType":4,"EventId":0,"Timestamp":"2026-11-27T02:10:14.162Z","Name":"hello","Version":null}');
INSERT INTO history VALUES (1, 3, '{"EventType":13,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.162Z"}');
INSERT INTO history VALUES (1, 4, '{"EventType":12,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.171Z"}');
INSERT INTO history VALUES (1, 5, '{"EventType":5,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.167Z","TaskScheduledId":0,"Result":"\"Hello Ada\""}');
INSERT INTO history VALUES (1, 6, '{"EventType":1,"EventId":1,"Timestamp":"2026-11-27T02:10:14.171Z","OrchestrationStatus":1,"Result":"\"Hello Ada\""}');
INSERT INTO history VALUES (1, 7, '{"EventType":13,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.171Z"}');
INSERT INTO history VALUES (2, 0, '{"EventType":12,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.176Z"}');
INSERT INTO history VALUES (2, 1, '{"EventType":0,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.176Z","OrchestrationInstance":{"InstanceId":"waiting","ExecutionId":"40973e3cc0e2d550a4d809690b3f77be"},"ParentInstance":null,"Name":"twoEvents","Version":null,"Tags":null}');
INSERT INTO history VALUES (2, 2, '{"EventType":13,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.176Z","Host":{"waits":["one"]}}');
INSERT INTO history VALUES (2, 3, '{"EventType":12,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.185Z"}');
INSERT INTO history VALUES (2, 4, '{"EventType":15,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.185Z","Name":"one","Input":"1"}');
INSERT INTO history VALUES (2, 5, '{"EventType":13,"EventId":-1,"Timestamp":"2026-11-27T02:10:14.185Z","Host":{"waits":["two"]}}');
CREATE TABLE messages (
    key INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    execution TEXT,
    due INTEGER,
    event TEXT NOT NULL
  ) STRICT;
CREATE INDEX messagesByInstance ON messages (instance);
CREATE TABLE tasks (
    key INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    instanceId TEXT NOT NULL,
    execution TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    input TEXT NOT NULL
  ) STRICT;
CREATE TABLE entities (
    id TEXT PRIMARY KEY,
    present INTEGER NOT NULL,
    state TEXT,
    lock TEXT,
    updated INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE entityMessages (
    key INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    request TEXT NOT NULL
  ) STRICT;
PRAGMA user_version = 1;
