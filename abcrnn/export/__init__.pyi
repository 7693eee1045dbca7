from abcrnn.export.audio import to_wav as to_wav
from abcrnn.export.audio import to_wav_bytes as to_wav_bytes
from abcrnn.export.midi import to_midi as to_midi
from abcrnn.export.midi import to_midi_bytes as to_midi_bytes
from abcrnn.export.musicxml import to_musicxml as to_musicxml
from abcrnn.export.notes import write_notes as write_notes
from abcrnn.export.score import to_music21 as to_music21
