BEGIN TRANSACTION;
CREATE TABLE clauses (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	vector BLOB NOT NULL, 
	signature TEXT NOT NULL, 
	CONSTRAINT pk_clauses PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_clauses_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_clauses_passage_id FOREIGN KEY(passage_id) REFERENCES passages (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_clauses_signature FOREIGN KEY(signature) REFERENCES signatures (digest) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "clauses" VALUES('rec-1',0,'p01',0,15,X'DBAC7A3F5DA4103D8D8C323DDB31B63DFFE360BD096A2ABCBB87E8BBED8925BDD2B1B7BD82BA99BD79FBCD3C25630FBC799C853D1D0FCB3CE0E88FBDF901083D','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-1',1,'p02',0,16,X'743E4E3C32193E3FEB0B283F1E61623D06ED26BCEF076C3D499C0A3D3115A03CF5F4813BE20CA5BC6DC38C3DBC51EE3C5947883BF91F993C082A573D511FA4BC','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-1',2,'p03',0,41,X'60A5DDBCAE8AE33E80296B3DE4BF8CBD4B82C0BC446B1C3CF78CF5BD00C4AEBE2CFADABED387913E2A5EA23E27819F3E5D39ACBDA509733ED0C2633E4BE3973E','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-1',3,'p04',0,35,X'9F8E283F8EE375BDED213F3FBF16ACBBCBAEAEBC47B669BA105DB33938ACBDBCA405EB3CD8FF173C0F0E2DBB2F2BCC3BC00735BD1548163BEFF3183DA7E32F3C','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-1',4,'p05',0,47,X'4B120EBD0435193D54F97A3FD77539BC31C8A73C8BB96CBD040E9E3C1DEF33BD36650C3DC0A1713DDEC3C73D56DBDA3CAB03D4BB8DE5343D5496AD3DC0059F3D','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-2',0,'p06',0,20,X'B7B96CBD9DF8EABD33C6783F08FC253CA6FB683DD53D4CBD0C3EB83C81E7A6BD61E7F53C3675B2BD08F0D8BD05CB47BD08319EBBDA33BE3CE6D7653DA8819EBC','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-2',1,'p07',0,53,X'A6A7C0BC583D47BD073A7C3FAB518BBAAA71CD3D74CFF8BC3B3B8BBCBBFAD4BCB34083BD3FDEF03A395AA1BBC6C81E3D229FA13B1FAF9D3D9B8E483D7C9CA4BC','d3a731d9690a0d44');
INSERT INTO "clauses" VALUES('rec-2',2,'p08',0,22,X'723A393F50DA2C3FA2CBB93CD7D478BB68A32B3C416C413DA09E4BBDE9F68A3C02AE1D3DA0A9A4BB8C4911BCF4E1F3BCBCFADB3D1F4C91BCB238B43B857DC73C','d3a731d9690a0d44');
CREATE TABLE conferences (
	id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	target_language TEXT NOT NULL, 
	glossary JSON NOT NULL, 
	themes JSON NOT NULL, 
	CONSTRAINT pk_conferences PRIMARY KEY (id)
);
INSERT INTO "conferences" VALUES('film-ai','The Future of Filmmaking','en','[{"id":"storyboard","kind":"term","forms":{"ja":["絵コンテ"]}},{"id":"busan","kind":"place","forms":{"ko":["부산"],"en":["Busan"]}}]','[["ethics","Ethics and Cultural Responsibility"],["o''future","The Future"]]');
CREATE TABLE embeddings (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	vector BLOB NOT NULL, 
	signature TEXT NOT NULL, 
	CONSTRAINT pk_embeddings PRIMARY KEY (recording_id, position), 
	CONSTRAINT uq_embeddings_passage_id_signature UNIQUE (passage_id, signature), 
	CONSTRAINT fk_embeddings_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_embeddings_passage_id FOREIGN KEY(passage_id) REFERENCES passages (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_embeddings_signature FOREIGN KEY(signature) REFERENCES signatures (digest) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "embeddings" VALUES('rec-1',0,'p01',X'DBAC7A3F5DA4103D8D8C323DDB31B63DFFE360BD096A2ABCBB87E8BBED8925BDD2B1B7BD82BA99BD79FBCD3C25630FBC799C853D1D0FCB3CE0E88FBDF901083D','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-1',1,'p02',X'743E4E3C32193E3FEB0B283F1E61623D06ED26BCEF076C3D499C0A3D3115A03CF5F4813BE20CA5BC6DC38C3DBC51EE3C5947883BF91F993C082A573D511FA4BC','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-1',2,'p03',X'60A5DDBCAE8AE33E80296B3DE4BF8CBD4B82C0BC446B1C3CF78CF5BD00C4AEBE2CFADABED387913E2A5EA23E27819F3E5D39ACBDA509733ED0C2633E4BE3973E','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-1',3,'p04',X'9F8E283F8EE375BDED213F3FBF16ACBBCBAEAEBC47B669BA105DB33938ACBDBCA405EB3CD8FF173C0F0E2DBB2F2BCC3BC00735BD1548163BEFF3183DA7E32F3C','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-1',4,'p05',X'4B120EBD0435193D54F97A3FD77539BC31C8A73C8BB96CBD040E9E3C1DEF33BD36650C3DC0A1713DDEC3C73D56DBDA3CAB03D4BB8DE5343D5496AD3DC0059F3D','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-2',0,'p06',X'B7B96CBD9DF8EABD33C6783F08FC253CA6FB683DD53D4CBD0C3EB83C81E7A6BD61E7F53C3675B2BD08F0D8BD05CB47BD08319EBBDA33BE3CE6D7653DA8819EBC','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-2',1,'p07',X'A6A7C0BC583D47BD073A7C3FAB518BBAAA71CD3D74CFF8BC3B3B8BBCBBFAD4BCB34083BD3FDEF03A395AA1BBC6C81E3D229FA13B1FAF9D3D9B8E483D7C9CA4BC','d3a731d9690a0d44');
INSERT INTO "embeddings" VALUES('rec-2',2,'p08',X'723A393F50DA2C3FA2CBB93CD7D478BB68A32B3C416C413DA09E4BBDE9F68A3C02AE1D3DA0A9A4BB8C4911BCF4E1F3BCBCFADB3D1F4C91BCB238B43B857DC73C','d3a731d9690a0d44');
CREATE TABLE failures (
	recording_id TEXT NOT NULL, 
	panel_id TEXT NOT NULL, 
	path JSON NOT NULL, 
	stage TEXT NOT NULL, 
	reason JSON NOT NULL, 
	command JSON NOT NULL, 
	CONSTRAINT pk_failures PRIMARY KEY (recording_id), 
	CONSTRAINT fk_failures_panel_id FOREIGN KEY(panel_id) REFERENCES panels (id) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE former_passages (
	id TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	CONSTRAINT pk_former_passages PRIMARY KEY (id)
);
CREATE TABLE gaps (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_gaps PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_gaps_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "gaps" VALUES('rec-1',0,90.0,95.5,'no language of the panel fits');
INSERT INTO "gaps" VALUES('rec-2',0,90.0,95.5,'no language of the panel fits');
CREATE TABLE harvest (
	panel_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	changed_at TEXT NOT NULL, 
	CONSTRAINT pk_harvest PRIMARY KEY (panel_id)
);
CREATE TABLE login_attempts (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	address TEXT NOT NULL, 
	at_s DOUBLE NOT NULL, 
	CONSTRAINT pk_login_attempts PRIMARY KEY (id)
);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','5');
INSERT INTO "meta" VALUES('archive_id','9ca324c71b7843e98e19f29cb053a18b');
INSERT INTO "meta" VALUES('revision','6');
CREATE TABLE names (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	target_id TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	CONSTRAINT pk_names PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_names_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_names_passage_id FOREIGN KEY(passage_id) REFERENCES passages (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_names_signature FOREIGN KEY(signature) REFERENCES signatures (digest) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "names" VALUES('rec-2',0,'p06',0,2,'place','busan','f9c2e8d197631585');
CREATE TABLE notes (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_notes PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_notes_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "notes" VALUES('rec-1',0,'music for 4 s');
INSERT INTO "notes" VALUES('rec-2',0,'music for 4 s');
CREATE TABLE panels (
	id TEXT NOT NULL, 
	conference_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	languages JSON NOT NULL, 
	held_on TEXT NOT NULL, 
	speaker_ids JSON NOT NULL, 
	CONSTRAINT pk_panels PRIMARY KEY (id), 
	CONSTRAINT fk_panels_conference_id FOREIGN KEY(conference_id) REFERENCES conferences (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "panels" VALUES('opening','film-ai',0,'Opening','["ja","es","en"]','2025-03-01','["director","producer"]');
INSERT INTO "panels" VALUES('o''neill "b"','film-ai',1,'Second panel','["ko","fa"]','2025-03-02','["o''hara"]');
CREATE TABLE passages (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	ordinal INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	speaker_id TEXT, 
	speaker_label TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	segment_ids JSON NOT NULL, 
	confidence DOUBLE NOT NULL, 
	flags JSON NOT NULL, 
	speaker_share DOUBLE NOT NULL, 
	CONSTRAINT pk_passages PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_passages_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_passages_id UNIQUE (id)
);
INSERT INTO "passages" VALUES('rec-1',0,'p01',0,0.0,8.123,'director','S1','ja','AI倫理委員会で議論しました。','["s-p01"]',0.7,'[]',1.0);
INSERT INTO "passages" VALUES('rec-1',1,'p02',1,10.0,1.81229999999999975557e+01,'director','S1','ja','映画の未来図を描く絵コンテです。','["s-p02"]',0.7,'[]',1.0);
INSERT INTO "passages" VALUES('rec-1',2,'p03',2,20.0,2.81229999999999975557e+01,'producer','S1','es','La producción audiovisual en los pueblos.','["s-p03"]',0.7,'[]',1.0);
INSERT INTO "passages" VALUES('rec-1',3,'p04',3,30.0,38.123,'producer','S1','es','La ética no es un adorno del guion.','["s-p04"]',0.7,'[]',1.0);
INSERT INTO "passages" VALUES('rec-1',4,'p05',4,40.0,48.123,'producer','S1','en','Editors were editing the storyboard''s 3 drafts.','["s-p05"]',0.7,'[]',1.0);
INSERT INTO "passages" VALUES('rec-2',0,'p06',0,0.0,8.123,'o''hara','S1','ko','부산국제영화제에서 판소리를 들었어요.','["s-p06"]',0.7,'[]',1.0);
INSERT INTO "passages" VALUES('rec-2',1,'p07',1,10.0,1.81229999999999975557e+01,NULL,'S2','fa','نوشتن فیلم‌نامه‌های تازه با ماشین و کلیشه‌های فرهنگی.','["s-p07"]',0.7,'["doubtful"]',1.0);
INSERT INTO "passages" VALUES('rec-2',2,'p08',2,20.0,2.81229999999999975557e+01,NULL,'S2','ko','윤리위원회의 보조출연자를 위한 미래 계획','["s-p08"]',0.7,'[]',1.0);
CREATE TABLE reading_themes (
	passage_id TEXT NOT NULL, 
	theme_id TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	belongs BOOLEAN NOT NULL, 
	decided BOOLEAN NOT NULL, 
	score DOUBLE NOT NULL, 
	evidence_start INTEGER, 
	evidence_end INTEGER, 
	CONSTRAINT pk_reading_themes PRIMARY KEY (passage_id, theme_id), 
	CONSTRAINT fk_reading_themes_passage_id FOREIGN KEY(passage_id) REFERENCES readings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_reading_themes_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "reading_themes" VALUES('p07','ethics','rec-2',1,0,0.8,0,2);
INSERT INTO "reading_themes" VALUES('p07','o''future','rec-2',1,0,0.8,0,2);
INSERT INTO "reading_themes" VALUES('p08','ethics','rec-2',1,0,0.8,0,2);
INSERT INTO "reading_themes" VALUES('p02','o''future','rec-1',1,0,0.8,NULL,NULL);
INSERT INTO "reading_themes" VALUES('p01','ethics','rec-1',0,1,0.0,0,2);
INSERT INTO "reading_themes" VALUES('p04','ethics','rec-1',1,0,0.8,0,2);
CREATE TABLE readings (
	id TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	origin TEXT NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	speaker_id TEXT, 
	speaker_label TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	segment_ids JSON NOT NULL, 
	confidence DOUBLE NOT NULL, 
	flags JSON NOT NULL, 
	speaker_share DOUBLE NOT NULL, 
	translation TEXT, 
	quality DOUBLE, 
	signature TEXT, 
	translation_flags JSON NOT NULL, 
	state TEXT NOT NULL, 
	reviewer TEXT NOT NULL, 
	doubt DOUBLE NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_readings PRIMARY KEY (id), 
	CONSTRAINT fk_readings_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "readings" VALUES('p03','rec-1',2,'p03',20.0,2.81229999999999975557e+01,'producer','S1','es','La producción audiovisual en los pueblos.','["s-p03"]',0.7,'[]',1.0,'Production in the villages.',0.5,'3ac363d5cb5f3913','[]','draft','',0.65,2);
INSERT INTO "readings" VALUES('p05','rec-1',4,'p05',40.0,48.123,'producer','S1','en','Editors were editing the storyboard''s 3 drafts.','["s-p05"]',0.7,'[]',1.0,NULL,NULL,NULL,'[]','draft','',3.00000000000000044408e-01,2);
INSERT INTO "readings" VALUES('p06','rec-2',0,'p06',0.0,8.123,'o''hara','S1','ko','부산국제영화제에서 판소리를 들었어요.','["s-p06"]',0.7,'[]',1.0,'I heard pansori at the Busan film festival.',0.5,'3ac363d5cb5f3913','[]','draft','',0.65,3);
INSERT INTO "readings" VALUES('p07','rec-2',1,'p07',10.0,1.81229999999999975557e+01,NULL,'S2','fa','نوشتن فیلم‌نامه‌های تازه با ماشین و کلیشه‌های فرهنگی.','["s-p07"]',0.7,'["doubtful"]',1.0,'Writing scripts by machine.',0.5,'3ac363d5cb5f3913','[]','draft','',0.755,3);
INSERT INTO "readings" VALUES('p08','rec-2',2,'p08',20.0,2.81229999999999975557e+01,NULL,'S2','ko','윤리위원회의 보조출연자를 위한 미래 계획','["s-p08"]',0.7,'[]',1.0,'A plan for extras by the ethics board',0.5,'3ac363d5cb5f3913','[]','draft','',0.65,3);
INSERT INTO "readings" VALUES('p02','rec-1',1,'p02',10.0,1.81229999999999975557e+01,'director','S1','ja','未来の絵コンテです。','["s-p02"]',1.0,'[]',1.0,'A storyboard of the future of cinema.',0.5,'3ac363d5cb5f3913','["stale"]','draft','',0.65,4);
INSERT INTO "readings" VALUES('p01','rec-1',0,'p01',0.0,8.123,'director','S1','ja','AI倫理委員会で議論しました。','["s-p01"]',0.7,'[]',1.0,'We discussed it in the AI ethics committee.',0.5,'3ac363d5cb5f3913','[]','draft','',0.65,5);
INSERT INTO "readings" VALUES('p04','rec-1',3,'p04',30.0,38.123,'producer','S1','es','La ética no es un adorno del guion.','["s-p04"]',1.0,'[]',1.0,'Ethics is no ornament of the script.',0.5,'3ac363d5cb5f3913','[]','approved','ana',0.5,6);
CREATE TABLE recordings (
	id TEXT NOT NULL, 
	panel_id TEXT NOT NULL, 
	path JSON NOT NULL, 
	sha256 TEXT NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	kind TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_recordings PRIMARY KEY (id), 
	CONSTRAINT fk_recordings_panel_id FOREIGN KEY(panel_id) REFERENCES panels (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "recordings" VALUES('rec-1','opening','"/media/rec-1.opus"','abababababababababababababababababababababababababababababababab',123.25,'audio',6);
INSERT INTO "recordings" VALUES('rec-2','o''neill "b"','"/media/rec-2.opus"','abababababababababababababababababababababababababababababababab',123.25,'audio',3);
CREATE TABLE restrictions (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	target TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	until TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	lifted_by TEXT NOT NULL, 
	lifted_at TEXT NOT NULL, 
	recording_id TEXT, 
	start_s DOUBLE, 
	end_s DOUBLE, 
	CONSTRAINT pk_restrictions PRIMARY KEY (id)
);
INSERT INTO "restrictions" VALUES(1,'passage','p05','asked','','ana','2026-11-27T13:47:17+00:00','','','rec-1',40.0,48.123);
CREATE TABLE review_places (
	review_id INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	CONSTRAINT pk_review_places PRIMARY KEY (review_id, passage_id)
);
INSERT INTO "review_places" VALUES(1,'p02','rec-1');
INSERT INTO "review_places" VALUES(2,'p01','rec-1');
INSERT INTO "review_places" VALUES(3,'p04','rec-1');
CREATE TABLE reviews (
	id INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	field TEXT NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	reviewer TEXT NOT NULL, 
	at TEXT NOT NULL, 
	state TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	text TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_reviews PRIMARY KEY (id)
);
INSERT INTO "reviews" VALUES(1,'p02','text','映画の未来図を描く絵コンテです。','未来の絵コンテです。','ana','2026-11-27T13:47:17+00:00','draft','rec-1',10.0,1.81229999999999975557e+01,'映画の未来図を描く絵コンテです。','abababababababababababababababababababababababababababababababab','{}');
INSERT INTO "reviews" VALUES(2,'p01','theme:ethics','True','False','ben','2026-11-27T13:47:17+00:00','draft','rec-1',0.0,8.123,'AI倫理委員会で議論しました。','abababababababababababababababababababababababababababababababab','{}');
INSERT INTO "reviews" VALUES(3,'p04','state','draft','approved','ana','2026-11-27T13:47:17+00:00','approved','rec-1',30.0,38.123,'La ética no es un adorno del guion.','abababababababababababababababababababababababababababababababab','{"language":"en","translation":"Ethics is no ornament of the script.","quality":0.5,"signature":"3ac363d5cb5f3913"}');
CREATE TABLE segments (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	language TEXT NOT NULL, 
	language_probability DOUBLE NOT NULL, 
	text TEXT NOT NULL, 
	words JSON NOT NULL, 
	confidence DOUBLE NOT NULL, 
	speaker TEXT, 
	flags JSON NOT NULL, 
	channel INTEGER, 
	CONSTRAINT pk_segments PRIMARY KEY (recording_id, position), 
	CONSTRAINT uq_segments_recording_id_id UNIQUE (recording_id, id), 
	CONSTRAINT fk_segments_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "segments" VALUES('rec-1',0,'s-p01',0.0,8.123,'ja',0.91,'AI倫理委員会で議論しました。','[["AI倫理",0.0,7.789666666666666,0.123456789]]',0.7,'S1','[]',NULL);
INSERT INTO "segments" VALUES('rec-1',1,'s-p02',10.0,1.81229999999999975557e+01,'ja',0.91,'映画の未来図を描く絵コンテです。','[["映画の未",10.0,17.789666666666665,0.123456789]]',0.7,'S1','[]',NULL);
INSERT INTO "segments" VALUES('rec-1',2,'s-p03',20.0,2.81229999999999975557e+01,'es',0.91,'La producción audiovisual en los pueblos.','[["La p",20.0,27.789666666666665,0.123456789]]',0.7,'S1','[]',NULL);
INSERT INTO "segments" VALUES('rec-1',3,'s-p04',30.0,38.123,'es',0.91,'La ética no es un adorno del guion.','[["La é",30.0,37.78966666666666,0.123456789]]',0.7,'S1','[]',NULL);
INSERT INTO "segments" VALUES('rec-1',4,'s-p05',40.0,48.123,'en',0.91,'Editors were editing the storyboard''s 3 drafts.','[["Edit",40.0,47.78966666666666,0.123456789]]',0.7,'S1','[]',NULL);
INSERT INTO "segments" VALUES('rec-2',0,'s-p06',0.0,8.123,'ko',0.91,'부산국제영화제에서 판소리를 들었어요.','[["부산국제",0.0,7.789666666666666,0.123456789]]',0.7,'S1','["repetition"]',NULL);
INSERT INTO "segments" VALUES('rec-2',1,'s-p07',10.0,1.81229999999999975557e+01,'fa',0.91,'نوشتن فیلم‌نامه‌های تازه با ماشین و کلیشه‌های فرهنگی.','[["نوشت",10.0,17.789666666666665,0.123456789]]',0.7,'S2','[]',NULL);
INSERT INTO "segments" VALUES('rec-2',2,'s-p08',20.0,2.81229999999999975557e+01,'ko',0.91,'윤리위원회의 보조출연자를 위한 미래 계획','[["윤리위원",20.0,27.789666666666665,0.123456789]]',0.7,'S2','[]',NULL);
CREATE TABLE sessions (
	token TEXT NOT NULL, 
	name TEXT NOT NULL, 
	ends_at_s DOUBLE NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token), 
	CONSTRAINT fk_sessions_name FOREIGN KEY(name) REFERENCES users (name) ON DELETE CASCADE
);
CREATE TABLE signatures (
	digest TEXT NOT NULL, 
	component TEXT NOT NULL, 
	model TEXT NOT NULL, 
	revision TEXT NOT NULL, 
	licence TEXT NOT NULL, 
	options JSON NOT NULL, 
	code_version TEXT NOT NULL, 
	CONSTRAINT pk_signatures PRIMARY KEY (digest)
);
INSERT INTO "signatures" VALUES('3ac363d5cb5f3913','translate','fake','2','','{}','0.1.0');
INSERT INTO "signatures" VALUES('00d2a1253ee84f1f','tag','fake','3','','{"thresholds":{"ethics":0.5}}','0.1.0');
INSERT INTO "signatures" VALUES('d3a731d9690a0d44','embed','fake','1','MIT','{"dimensions":16}','0.1.0');
INSERT INTO "signatures" VALUES('f9c2e8d197631585','names','','','','{}','0.1.0');
CREATE TABLE speaker_hints (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	at_s DOUBLE NOT NULL, 
	label TEXT NOT NULL, 
	heard TEXT NOT NULL, 
	why TEXT NOT NULL, 
	quote TEXT NOT NULL, 
	speaker_id TEXT, 
	CONSTRAINT pk_speaker_hints PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_speaker_hints_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "speaker_hints" VALUES('rec-1',0,2.0,'S1','the director','self','I am the director','director');
INSERT INTO "speaker_hints" VALUES('rec-1',1,31.5,'S2','O''Hara','self','my name is O''Hara','o''hara');
INSERT INTO "speaker_hints" VALUES('rec-2',0,2.0,'S1','the director','self','I am the director','director');
INSERT INTO "speaker_hints" VALUES('rec-2',1,31.5,'S2','O''Hara','self','my name is O''Hara','o''hara');
CREATE TABLE speakers (
	conference_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	affiliation TEXT NOT NULL, 
	languages JSON NOT NULL, 
	CONSTRAINT pk_speakers PRIMARY KEY (conference_id, id), 
	CONSTRAINT fk_speakers_conference_id FOREIGN KEY(conference_id) REFERENCES conferences (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "speakers" VALUES('film-ai','director',0,'Director (Japan)','Studio','["ja"]');
INSERT INTO "speakers" VALUES('film-ai','producer',1,'Productora (México)','','["es","en"]');
INSERT INTO "speakers" VALUES('film-ai','o''hara',2,'Ms. O''Hara; --','','["ko"]');
CREATE TABLE stages (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	CONSTRAINT pk_stages PRIMARY KEY (recording_id, position), 
	CONSTRAINT uq_stages_recording_id_stage UNIQUE (recording_id, stage), 
	CONSTRAINT fk_stages_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "stages" VALUES('rec-1',0,'probe','k1','d1','');
INSERT INTO "stages" VALUES('rec-1',1,'transcribe','k2','d2','');
INSERT INTO "stages" VALUES('rec-2',0,'probe','k1','d1','');
INSERT INTO "stages" VALUES('rec-2',1,'transcribe','k2','d2','');
CREATE TABLE theme_tags (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	theme_id TEXT NOT NULL, 
	score DOUBLE NOT NULL, 
	assigned BOOLEAN NOT NULL, 
	signature TEXT NOT NULL, 
	evidence_start INTEGER, 
	evidence_end INTEGER, 
	nearest TEXT NOT NULL, 
	CONSTRAINT pk_theme_tags PRIMARY KEY (recording_id, position), 
	CONSTRAINT uq_theme_tags_passage_id_theme_id UNIQUE (passage_id, theme_id), 
	CONSTRAINT fk_theme_tags_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_theme_tags_passage_id FOREIGN KEY(passage_id) REFERENCES passages (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_theme_tags_signature FOREIGN KEY(signature) REFERENCES signatures (digest) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "theme_tags" VALUES('rec-1',0,'p01','ethics',0.8,1,'00d2a1253ee84f1f',0,2,'an example');
INSERT INTO "theme_tags" VALUES('rec-1',1,'p01','o''future',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-1',2,'p02','ethics',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-1',3,'p02','o''future',0.8,1,'00d2a1253ee84f1f',0,2,'an example');
INSERT INTO "theme_tags" VALUES('rec-1',4,'p03','ethics',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-1',5,'p03','o''future',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-1',6,'p04','ethics',0.8,1,'00d2a1253ee84f1f',0,2,'an example');
INSERT INTO "theme_tags" VALUES('rec-1',7,'p04','o''future',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-1',8,'p05','ethics',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-1',9,'p05','o''future',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-2',0,'p06','ethics',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-2',1,'p06','o''future',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
INSERT INTO "theme_tags" VALUES('rec-2',2,'p07','ethics',0.8,1,'00d2a1253ee84f1f',0,2,'an example');
INSERT INTO "theme_tags" VALUES('rec-2',3,'p07','o''future',0.8,1,'00d2a1253ee84f1f',0,2,'an example');
INSERT INTO "theme_tags" VALUES('rec-2',4,'p08','ethics',0.8,1,'00d2a1253ee84f1f',0,2,'an example');
INSERT INTO "theme_tags" VALUES('rec-2',5,'p08','o''future',0.1,0,'00d2a1253ee84f1f',NULL,NULL,'');
CREATE TABLE translation_embeddings (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	language TEXT NOT NULL, 
	vector BLOB NOT NULL, 
	signature TEXT NOT NULL, 
	CONSTRAINT pk_translation_embeddings PRIMARY KEY (recording_id, position), 
	CONSTRAINT uq_translation_embeddings_passage_id_language_signature UNIQUE (passage_id, language, signature), 
	CONSTRAINT fk_translation_embeddings_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_translation_embeddings_passage_id FOREIGN KEY(passage_id) REFERENCES passages (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_translation_embeddings_signature FOREIGN KEY(signature) REFERENCES signatures (digest) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "translation_embeddings" VALUES('rec-1',0,'p01','en',X'59557B3FFEE491BC65F2A4BCA47DA1BCF17EBA3DCF1216BC6C4994BDF07E6A3D5B6449BD6B75A13DAB5769BD61A143BD028D28BBA348553C21ECAC3BEFFB7ABD','d3a731d9690a0d44');
INSERT INTO "translation_embeddings" VALUES('rec-1',1,'p02','en',X'DDB5483D54403A3F2C1D2C3FFE06B33C597D193D1EDF73BC197E8F3CCCB48F3C9D0CB93DFD1ABABC56C9BDBC2826D5BC7936FA3CEB700C3DC9CD073D84AFACBC','d3a731d9690a0d44');
INSERT INTO "translation_embeddings" VALUES('rec-1',2,'p03','en',X'89175A3D3A7D943D462DD8BA0A003A3EBD1EDFBB36BC13BDD0BF1ABE19221E3EF535153F9147AF3E865AAABE062E963EBC0AB03EA920D83D1AF1B2BD0388B1BE','d3a731d9690a0d44');
INSERT INTO "translation_embeddings" VALUES('rec-1',3,'p04','en',X'507A353F1BE03D3D95E22F3FB9FFDA3C65086F3DE939A13CFAE0233DDB3403BDD6ABD1BC0F9C18BDA49CB63DBAA9E13AD6CB353D390D373D6CC0E4BCEC24193D','d3a731d9690a0d44');
INSERT INTO "translation_embeddings" VALUES('rec-2',0,'p06','en',X'123EE5BEFCFDDE3D889222BC778F96BE8F0B0CBD2B5E633EBBB322BD47B985BE341E05BEBC7C16BE4FD2353F362E0BBDE702D5BD1600FBBD15FCC23DE4E32F3D','d3a731d9690a0d44');
INSERT INTO "translation_embeddings" VALUES('rec-2',1,'p07','en',X'BAF7193B787617BB4D957A3FAC9AA43D9EF34E3DF7F7E8BCBBE7EA3C9870263D8A043C3DA14A183C7FF8B4BC1ACE4E3B45EF543CDFF3A4BDA4D0C3BD4389D73D','d3a731d9690a0d44');
INSERT INTO "translation_embeddings" VALUES('rec-2',2,'p08','en',X'2AC5773F212BA7BD13401EBB6410DFBDBF0BF03D3105873D75196F3D972464BD6446DFBC196DC8BDA1711F3DA9DCA0BDFBFD263DA094193C435F6D3C9A33563C','d3a731d9690a0d44');
CREATE TABLE translations (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	passage_id TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	quality DOUBLE NOT NULL, 
	signature TEXT NOT NULL, 
	flags JSON NOT NULL, 
	CONSTRAINT pk_translations PRIMARY KEY (recording_id, position), 
	CONSTRAINT uq_translations_passage_id_language UNIQUE (passage_id, language), 
	CONSTRAINT fk_translations_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_translations_passage_id FOREIGN KEY(passage_id) REFERENCES passages (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_translations_signature FOREIGN KEY(signature) REFERENCES signatures (digest) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "translations" VALUES('rec-1',0,'p01','en','We discussed it in the AI ethics committee.',0.5,'3ac363d5cb5f3913','[]');
INSERT INTO "translations" VALUES('rec-1',1,'p02','en','A storyboard of the future of cinema.',0.5,'3ac363d5cb5f3913','[]');
INSERT INTO "translations" VALUES('rec-1',2,'p03','en','Production in the villages.',0.5,'3ac363d5cb5f3913','[]');
INSERT INTO "translations" VALUES('rec-1',3,'p04','en','Ethics is no ornament of the script.',0.5,'3ac363d5cb5f3913','[]');
INSERT INTO "translations" VALUES('rec-2',0,'p06','en','I heard pansori at the Busan film festival.',0.5,'3ac363d5cb5f3913','[]');
INSERT INTO "translations" VALUES('rec-2',1,'p07','en','Writing scripts by machine.',0.5,'3ac363d5cb5f3913','[]');
INSERT INTO "translations" VALUES('rec-2',2,'p08','en','A plan for extras by the ethics board',0.5,'3ac363d5cb5f3913','[]');
CREATE TABLE turns (
	recording_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	label TEXT NOT NULL, 
	speaker_id TEXT, 
	channel INTEGER, 
	CONSTRAINT pk_turns PRIMARY KEY (recording_id, position), 
	CONSTRAINT fk_turns_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "turns" VALUES('rec-1',0,0.0,30.0,'S1','director',NULL);
INSERT INTO "turns" VALUES('rec-1',1,30.0,60.0,'S2',NULL,NULL);
INSERT INTO "turns" VALUES('rec-2',0,0.0,30.0,'S1','director',NULL);
INSERT INTO "turns" VALUES('rec-2',1,30.0,60.0,'S2',NULL,NULL);
CREATE TABLE users (
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	password TEXT NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (name)
);
CREATE INDEX ix_reviews_recording_id ON reviews (recording_id);
CREATE INDEX ix_reviews_passage_id ON reviews (passage_id);
CREATE INDEX ix_review_places_passage_id ON review_places (passage_id);
CREATE INDEX ix_review_places_recording_id ON review_places (recording_id);
CREATE INDEX ix_restrictions_recording_id ON restrictions (recording_id);
CREATE INDEX ix_restrictions_kind_target ON restrictions (kind, target);
CREATE INDEX ix_login_attempts_at_s ON login_attempts (at_s);
CREATE INDEX ix_sessions_name ON sessions (name);
CREATE INDEX ix_recordings_revision ON recordings (revision);
CREATE INDEX ix_passages_language_id ON passages (language, id);
CREATE INDEX ix_readings_origin ON readings (origin);
CREATE INDEX ix_readings_state_doubt_id ON readings (state, doubt, id);
CREATE INDEX ix_readings_revision ON readings (revision);
CREATE INDEX ix_readings_recording_id_position_id ON readings (recording_id, position, id);
CREATE INDEX ix_readings_language_recording_id ON readings (language, recording_id);
CREATE INDEX ix_names_target_id ON names (target_id);
CREATE INDEX ix_reading_themes_recording_id ON reading_themes (recording_id);
CREATE INDEX ix_reading_themes_theme_id_belongs_passage_id ON reading_themes (theme_id, belongs, passage_id);
COMMIT;
