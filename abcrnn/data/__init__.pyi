from abcrnn.data.corpus import Corpus as Corpus
from abcrnn.data.corpus import load_corpus as load_corpus
from abcrnn.data.leak_guard import leave_out_copies as leave_out_copies
from abcrnn.data.midi_folder import load_pieces as load_pieces
from abcrnn.data.mixtures import join_corpora as join_corpora
from abcrnn.data.notes import read_midi as read_midi
from abcrnn.data.novelty import NoveltyIndex as NoveltyIndex
from abcrnn.data.vocabulary import Vocabulary as Vocabulary
