from abcrnn.sampling.choice import Choice as Choice
from abcrnn.sampling.choice import RandomChoice as RandomChoice
from abcrnn.sampling.note_sampler import NoteSampler as NoteSampler
from abcrnn.sampling.sampler import Sampler as Sampler
