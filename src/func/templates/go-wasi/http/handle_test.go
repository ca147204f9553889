package function

import (
	"net/http/httptest"
	"testing"
)

func TestGreetsAndSaysWhichPathWasAskedFor(t *testing.T) {
	answer := httptest.NewRecorder()
	Handle(answer, httptest.NewRequest("GET", "/shop?page=2", nil))
	if answer.Code != 200 || answer.Body.String() != "Hello from WASI! Path: /shop\n" {
		t.Errorf("%d %q", answer.Code, answer.Body)
	}
}
