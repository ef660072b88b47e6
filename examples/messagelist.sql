CREATE TABLE messagelist (
  id INT IDENTITY,
  message_text NVARCHAR(128)
);

INSERT INTO messagelist (message_text) VALUES (N'my message'), (N'new message');
