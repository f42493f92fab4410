package exchange

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The actions of frames. A request and its answer have the same action and id; an
// answer that failed has the action error.
const (
	ActionBegin         = "begin"
	ActionSubscriptions = "subscriptions"
	ActionSlice         = "slice"
	ActionPieces        = "pieces"
	ActionIDs           = "ids"
	ActionGrains        = "grains"
	ActionDone          = "done"
	ActionEnd           = "end"
	ActionError         = "error"
)

// Frame is one JSON object on the wire. Each action uses some of the fields; unknown
// fields are ignored, so that a newer version can add some.
type Frame struct {
	Action string `json:"action"`
	// ID numbers the requests of a session from 1, ascending. begin has none.
	ID            int64          `json:"id,omitempty"`
	Begin         *Begin         `json:"begin,omitempty"`
	Test          bool           `json:"test,omitempty"` // subscriptions: the session changes nothing
	Subscriptions []Subscription `json:"subscriptions,omitempty"`
	Slice         *ID            `json:"slice,omitempty"`
	State         *State         `json:"state,omitempty"`
	Range         *Range         `json:"range,omitempty"`
	Pieces        []Piece        `json:"pieces,omitempty"`
	IDs           IDList         `json:"ids,omitempty"`
	Grains        []Grain        `json:"grains,omitempty"`
	Part          *Part          `json:"part,omitempty"`
	// More says that further frames answer the same request.
	More  bool     `json:"more,omitempty"`
	Done  *Done    `json:"done,omitempty"`
	Error *Problem `json:"error,omitempty"`
}

// Begin opens a session: who answers, and its limits.
type Begin struct {
	Server    ID        `json:"server"` // the primary's company
	Version   int       `json:"version"`
	MaxFrame  int       `json:"maxFrame"`  // bytes of a frame
	MaxIDs    int       `json:"maxIds"`    // ids of one request or answer
	MaxGrains int       `json:"maxGrains"` // grains that one request may name
	InFlight  int       `json:"inFlight"`  // requests under way
	Time      time.Time `json:"time"`      // the primary's clock
}

// State is what a slice holds now, and whether it may be read.
type State struct {
	Proof
	AllowSync bool              `json:"allow_sync"`
	Type      string            `json:"slice_type"`
	Date      time.Time         `json:"content_date"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

// Part is a stretch of a payload that is too large for one frame. The first part
// carries the grain without its payload.
type Part struct {
	Grain *Grain `json:"grain,omitempty"`
	Text  string `json:"text"`
	Last  bool   `json:"last,omitempty"`
}

// Done reports to the primary how a slice ended.
type Done struct {
	Subscription ID     `json:"subscription"`
	Slice        ID     `json:"slice"`
	Name         string `json:"name"`
	OK           bool   `json:"ok"`
	Error        string `json:"error,omitempty"`
	Added        int    `json:"added"`
	Removed      int    `json:"removed"`
	Bytes        int64  `json:"bytes"`
	Duration     int64  `json:"duration"` // nanoseconds
	Test         bool   `json:"test,omitempty"`
}

// Problem is a failed request as the other side may read it.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// IDList is a list of ids, on the wire as one text: their bytes in base64.
type IDList []ID

// MarshalJSON implements json.Marshaler.
func (l IDList) MarshalJSON() ([]byte, error) {
	packed := make([]byte, 0, len(l)*len(ID{}))
	for _, id := range l {
		packed = append(packed, id[:]...)
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(packed))
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *IDList) UnmarshalJSON(data []byte) error {
	var packed []byte
	if err := json.Unmarshal(data, &packed); err != nil {
		return err
	}
	if len(packed)%len(ID{}) != 0 {
		return fault.New(fault.Invalid, "bad-frame", "ids are %d bytes each", len(ID{}))
	}
	*l = make(IDList, len(packed)/len(ID{}))
	for i := range *l {
		copy((*l)[i][:], packed[i*len(ID{}):])
	}
	return nil
}

// Version is that of the frames. A primary of a newer version still answers all
// actions of this one.
const Version = 1

// The limits of a session of ours. A frame's grains have at most frameBudget bytes of
// text, which grow to six times as many at worst when they are escaped.
const (
	MaxFrame    = 512 << 10
	MaxIDs      = 2048
	MaxGrains   = 256
	InFlight    = 4
	frameBudget = 64 << 10
)

// Encode returns a frame's bytes.
func (f *Frame) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// ParseFrame reads a frame and refuses one that breaks a limit.
func ParseFrame(data []byte) (*Frame, error) {
	if len(data) > MaxFrame {
		return nil, fault.New(fault.TooLarge, "frame-too-large", "a frame has more than %d bytes", MaxFrame)
	}
	var f Frame
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad-frame", "a frame is not a JSON object as the protocol describes it")
	}
	switch {
	case f.Action == "":
		return nil, fault.New(fault.Invalid, "bad-frame", "a frame has no action")
	case f.ID < 0:
		return nil, fault.New(fault.Invalid, "bad-frame", "a frame's id is below 0")
	case len(f.IDs) > MaxIDs || len(f.Grains) > MaxGrains || len(f.Pieces) > FanOut:
		return nil, fault.New(fault.TooLarge, "frame-too-large", "a frame has more than %d ids, %d grains or %d pieces", MaxIDs, MaxGrains, FanOut)
	}
	return &f, nil
}
